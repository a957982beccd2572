"""Invented names of the demo district, with their readings in pinyin where a reader without Chinese needs one."""

from typing import Final

DISTRICT: Final = "澄湾区 Chengwan"
TOWNSHIPS: Final = ("松垅镇 Songlong", "青砚镇 Qingyan", "柳汀镇 Liuting", "石桥岭镇 Shiqiaoling")
GRIDS: Final = ("东头网格 Dongtou", "老街网格 Laojie", "坑口网格 Kengkou", "后垵网格 Hou'an", "新圩网格 Xinxu")
STREETS: Final = ("窑前路", "工艺路", "溪尾街", "橡林路", "塔脚巷", "水碓路")

FIRMS: Final = (
    ("鑫海", "Xinhai"),
    ("瑞丰", "Ruifeng"),
    ("永兴", "Yongxing"),
    ("华艺", "Huayi"),
    ("金鹭", "Jinlu"),
    ("德盛", "Desheng"),
    ("宏泰", "Hongtai"),
    ("顺和", "Shunhe"),
    ("美林", "Meilin"),
    ("东方", "Dongfang"),
    ("福源", "Fuyuan"),
    ("巧匠", "Qiaojiang"),
    ("星辉", "Xinghui"),
    ("恒达", "Hengda"),
    ("佳韵", "Jiayun"),
)
TRADES: Final = (
    ("树脂工艺厂", "Resin Craft", "figurines"),
    ("摆件作坊", "Ornaments", "ornaments"),
    ("浮雕工坊", "Reliefs", "reliefs"),
    ("灯饰加工部", "Lamps", "lamps"),
)
FAMILY_NAMES: Final = ("陈", "林", "黄", "吴", "苏", "郑", "赖", "曾", "许", "洪")
GIVEN_NAMES: Final = ("建国", "秀兰", "志强", "丽华", "文彬", "美玲", "国栋", "晓燕", "德福", "雅芳", "水生", "金凤")

ZONES: Final = {
    "casting": "浇注区 Casting",
    "curing": "固化间 Curing",
    "spraying": "喷漆房 Spraying",
    "grinding": "打磨区 Grinding",
    "resin_store": "树脂库 Resin store",
    "peroxide_store": "固化剂库 Peroxide store",
    "waste": "废料间 Waste",
    "living": "住宿区 Living",
}

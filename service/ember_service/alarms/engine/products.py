"""Alarms that no rule of a user's makes: the product's own health, and devices left in test."""

from typing import Final

from ember_service.rules.model import RuleBase
from ember_wire.alarms import AlarmClass, Text


class Product(RuleBase, frozen=True, kw_only=True):
    """A rule that is built in. It has no scope and no limits: the engine itself knows when it holds."""


GATEWAY_SILENT: Final = Product(
    id="gateway_silent",
    class_=AlarmClass.TROUBLE,
    severity=90,
    title=Text("Gateway silent", "网关无响应"),
    guidance=Text(
        "No readings arrive through this gateway: its devices are not watched now. Check that the gateway and the "
        "broker run and that the network between them is up. Until then tell the workshops to watch for themselves.",
        "该网关没有数据上来，其下设备目前无人监视。请检查网关和消息服务器是否在运行、网络是否畅通；恢复之前请通知各工坊自行留意。",
    ),
)
GATEWAY_CLOCK: Final = Product(
    id="gateway_clock",
    class_=AlarmClass.TROUBLE,
    severity=40,
    title=Text("Gateway's clock is off", "网关时钟偏差"),
    guidance=Text(
        "The gateway's clock differs from ours by more than 5 seconds, so times of alarms may be wrong. Set up time "
        "synchronisation (NTP) on the gateway's machine.",
        "网关时钟与系统相差超过5秒，报警时间可能不准。请在网关所在主机上配置时间同步（NTP）。",
    ),
)
READINGS_MISSED: Final = Product(
    id="readings_missed",
    class_=AlarmClass.TROUBLE,
    severity=60,
    title=Text("Readings were missed", "有数据漏收"),
    guidance=Text(
        "Some readings did not reach the alarm engine; an alarm in them would have been missed. They are in the "
        "history: look at the workshops' charts for this time, and at the load of the broker.",
        "部分数据没有到达报警引擎，其中若有报警可能被漏掉。数据仍在历史中：请查看这段时间各工坊的曲线，并检查消息服务器的负载。",
    ),
)
DEVICE_IN_TEST: Final = Product(
    id="device_in_test",
    class_=AlarmClass.SUPERVISORY,
    severity=250,
    title=Text("Device in test", "设备正在测试"),
    guidance=Text(
        "The device says that it is being tested: for 10 minutes it raises no fire. Make sure that somebody really "
        "tests it, and that somebody watches the place meanwhile.",
        "设备报告正在测试，10分钟内不会报火警。请确认确有人员在测试，并在此期间安排人看守现场。",
    ),
)
TEST_LEFT_ON: Final = Product(
    id="test_left_on",
    class_=AlarmClass.TROUBLE,
    severity=80,
    title=Text("Device left in test", "设备测试状态未解除"),
    guidance=Text(
        "The device has said for more than 10 minutes that it is being tested. What it reports counts as real again. "
        "End the test at the device; if its test button sticks, have it replaced.",
        "设备处于测试状态已超过10分钟，其报警现按真实报警处理。请在设备上结束测试；如测试按钮卡住，请更换设备。",
    ),
)

PRODUCTS: Final = {p.id: p for p in (GATEWAY_SILENT, GATEWAY_CLOCK, READINGS_MISSED, DEVICE_IN_TEST, TEST_LEFT_ON)}
"""By id; `rules.model.PRODUCT_IDS` keeps rules from taking them."""

import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/queue.css";
import "./style/alarm.css";
import "./style/workshops.css";
import "./style/tables.css";
import "./style/narrow.css";

import { render } from "preact";

import { startClock } from "./live/clock";
import { followHash } from "./route";
import { begin } from "./session";
import { keepSettings } from "./settings";
import { App } from "./shell/app";
import { startAttention } from "./sound/attention";
import { unlockOnGesture } from "./sound/siren";

keepSettings();
followHash();
startClock();
unlockOnGesture();
startAttention();
render(<App />, document.getElementById("app") as HTMLElement);
void begin();

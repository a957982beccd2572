/** The whole page: what stands on every page, and the one page that is open. */

import { Component, type ComponentChildren } from "preact";

import { words } from "../i18n";
import { AlarmPage } from "../pages/alarm/page";
import { HistoryPage } from "../pages/queue/history";
import { MessagesPage } from "../pages/messages";
import { QueuePage } from "../pages/queue/page";
import { SignIn } from "../pages/sign-in";
import { SystemPage } from "../pages/system/page";
import { WorkshopPage } from "../pages/workshops/workshop";
import { WorkshopsPage } from "../pages/workshops/page";
import { route } from "../route";
import { phase } from "../session";
import { alertText } from "../sound/attention";
import { Notices } from "../ui/notice";
import { Banners } from "./banners";
import { Header } from "./header";
import { Keys, KeysHelp } from "./keys";
import { Strip } from "./strip";

export function App() {
  if (phase.value === "starting") return null;
  if (phase.value === "out" || phase.value === "unreachable") return <SignIn />;
  const covered = phase.value === "lost";
  return (
    <>
      <div class="shell" inert={covered}>
        <a class="skip" href="#main" onClick={skip}>
          {words.value.shell.skip}
        </a>
        <div class="top">
          <Header />
          <Strip />
          <Banners />
        </div>
        <main id="main" tabIndex={-1}>
          <Guard key={`${route.value.page}/${route.value.id}`}>
            <Page />
          </Guard>
        </main>
        <Notices />
        <KeysHelp />
      </div>
      <Keys />
      <div class="unseen" role="alert">
        {alertText.value}
      </div>
      {covered && <SignIn over />}
    </>
  );
}

function Page() {
  const { page, id } = route.value;
  switch (page) {
    case "queue":
      return <QueuePage />;
    case "history":
      return <HistoryPage />;
    case "alarms":
      return id === null ? <QueuePage /> : <AlarmPage key={id} id={id} />;
    case "workshops":
      return id === null ? <WorkshopsPage /> : <WorkshopPage key={id} id={id} />;
    case "messages":
      return <MessagesPage />;
    case "system":
      return <SystemPage section={id} />;
  }
}

// The hash is the route; a link to an anchor would leave the page.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** A page that fails takes neither the strip nor the alarms with it. */
class Guard extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(error: unknown): void {
    this.setState({ failed: true });
    reportError(error);
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="page">
        <p class="refusal" role="alert">
          {words.value.error.crashed}{" "}
          <button type="button" onClick={() => this.setState({ failed: false })}>
            {words.value.error.again}
          </button>
        </p>
      </div>
    );
  }
}

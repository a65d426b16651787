// The frame of all pages: navigation, account menu and the current page.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { API } from "./api/client";
import type { Caller } from "./api/types";
import { session, signOut } from "./auth/session";
import { covers } from "./domain/grants";
import { initials } from "./domain/labels";
import { ActivityPage } from "./pages/activity";
import { ApprovalsPage } from "./pages/approvals";
import { CatalogPage } from "./pages/catalog";
import { NewTokenPage } from "./pages/create-token";
import { SecretPage } from "./pages/show-secret";
import { SignInPage } from "./pages/sign-in";
import { TokenPage } from "./pages/token";
import { TokensPage } from "./pages/token-list";
import { go, leave, route, scrollToPlace, type Route } from "./router";
import { useStore } from "./store";
import { ApprovalsLink } from "./ui/approvals-link";
import { Heading } from "./ui/heading";
import { Icon, type IconName } from "./ui/icon";
import { Loading } from "./ui/loading";
import { NewTokenLink } from "./ui/new-token-link";
import { SessionWarning } from "./ui/session-warning";
import { StatusMessage } from "./ui/status-message";
import { Time, useNow } from "./ui/time";
import { GrantList } from "./ui/grants";
import { isTyping, ShortcutsDialog } from "./ui/keyboard-shortcuts";

export function App() {
  const now = useStore(session);
  const where = useStore(route);
  const [keys, setKeys] = useState(false);
  useLayoutEffect(scrollToPlace, [where]);
  // Before the paint: a key that is pressed as soon as the page is visible must work.
  useLayoutEffect(() => {
    if (now.state !== "in") return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      if (event.key === "?") setKeys(true);
      else if (event.key === "n") go("#/new");
      else if (event.key === "g") go("#/tokens");
      else if (event.key === "p") go("#/approvals");
      else if (event.key === "a") go("#/activity");
      else if (event.key === "c") go("#/catalog");
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [now.state]);

  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="#/tokens">
          <img src="./favicon.svg" alt="" width="24" height="24" /> Portcullis
        </a>
        {now.state === "in" && <Navigation me={now.me} where={where} />}
        {now.state === "in" && <Account me={now.me} onKeys={() => setKeys(true)} />}
      </header>
      <main id="main" tabIndex={-1}>
        {now.state === "starting" && <Loading what="your session" />}
        {now.state === "out" && <SignInPage why={now.why} byUser={now.byUser} />}
        {now.state === "in" && <SessionWarning me={now.me} />}
        {now.state === "in" && <Page where={where} />}
      </main>
      <StatusMessage />
      {keys && <ShortcutsDialog onClose={() => setKeys(false)} />}
    </>
  );
}

function Page({ where }: { where: Route }) {
  const [first, second] = where.parts;
  if (first === "tokens" && second === undefined) return <TokensPage />;
  if (first === "tokens" && second !== undefined) return <TokenPage key={second} id={second} />;
  if (first === "new") return <NewTokenPage key={where.query} query={where.query} />;
  if (first === "secret") return <SecretPage />;
  if (first === "approvals") return <ApprovalsPage named={second ?? null} />;
  if (first === "activity") return <ActivityPage />;
  if (first === "catalog") return <CatalogPage />;
  return (
    <>
      <Heading title="Not found">Page not found</Heading>
      <p>
        <a href="#/tokens">Back to tokens</a>
      </p>
    </>
  );
}

function Navigation({ me, where }: { me: Caller; where: Route }) {
  const link = (hash: string, icon: IconName, text: string, here: boolean) => (
    <a href={hash} aria-current={here ? "page" : undefined}>
      <Icon name={icon} />
      {text}
    </a>
  );
  const first = where.parts[0];
  return (
    <nav aria-label="Main">
      {link("#/tokens", "token", "Tokens", first === "tokens")}
      <NewTokenLink text="New token" icon="plus" current={first === "new"} />
      <ApprovalsLink me={me} current={first === "approvals"} />
      {link("#/activity", "activity", "Activity", first === "activity")}
      {link("#/catalog", "catalog", "Catalog", first === "catalog")}
    </nav>
  );
}

function Account({ me, onKeys }: { me: Caller; onKeys: () => void }) {
  const now = useNow();
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: globalThis.Event) => {
      const inside = event.target instanceof Node && details.current?.contains(event.target);
      const escape = event instanceof KeyboardEvent && event.key === "Escape";
      if (details.current && (escape || (event.type === "click" && !inside))) details.current.open = false;
    };
    addEventListener("click", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("click", close);
      removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="account" ref={details}>
      <summary>
        <span class="unseen">Signed in as </span>
        <span class="initials" aria-hidden="true">
          {initials(me.owner)}
        </span>
        <span>{me.owner}</span>
      </summary>
      <div class="panel">
        <p>
          <strong>{me.owner}</strong>{" "}
          {me.principal_type === "session" ? me.roles.length > 0 && `· ${me.roles.length === 1 ? "Role" : "Roles"}: ${me.roles.join(", ")}` : `· Signed in with the token “${me.token_name}”`}
        </p>
        {me.grants.length > 0 ? <GrantList grants={me.grants} /> : <p>You have no permissions yet. Ask an administrator to add you to a group that has a role.</p>}
        {covers(me.grants, "tokens:admin", "tokens") && <p>You can manage everyone’s tokens.</p>}
        <p>
          {me.expires_at === null ? (
            "This token never expires."
          ) : (
            <>
              {me.principal_type === "session" ? "Your session" : "This token"} expires <Time at={me.expires_at} now={now} future />.
            </>
          )}{" "}
          It isn’t stored in this browser: reloading signs you {me.principal_type === "session" ? "in again at your provider" : "out"}.
        </p>
        <p class="quiet">
          API URL: <code>{API}</code>
        </p>
        <p class="actions">
          <button type="button" onClick={onKeys}>
            Keyboard shortcuts
          </button>
          <button type="button" onClick={() => leave(signOut)}>
            Sign out
          </button>
        </p>
      </div>
    </details>
  );
}

// Entry point. It completes a pending sign-in, which changes the URL, before the router reads it.
import { render } from "preact";
import { App } from "./app";
import { start } from "./auth/session";
import { startRouter } from "./router";

const started = start();
startRouter();
const root = document.getElementById("app");
if (root) render(<App />, root);
void started;

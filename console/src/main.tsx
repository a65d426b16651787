// Starts the console. A sign-in that has just been answered is taken out of the address first.
import { render } from "preact";
import { App } from "./app";
import { start } from "./auth/session";
import { startRouter } from "./router";

const started = start();
startRouter();
const root = document.getElementById("app");
if (root) render(<App />, root);
void started;

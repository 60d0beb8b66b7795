/**
 * Runs the whole system with this front end until Ctrl-C: `python -m local` with real tokens, and
 * Next.js in front of it. Used by `make web` and, on other ports, by the browser tests.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { writeSecrets } from "./secrets.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const APP = fileURLToPath(new URL("..", import.meta.url));

// Set for both, so that an .env file of the front end cannot contradict the API.
const {
  WEB_PORT = "3000",
  API_PORT = "8000",
  EMULATOR_PORT = "4566",
  MAX_UPLOAD_BYTES = "",
} = process.env;
const mode = process.argv[2] ?? "start"; // or "dev": Next.js with hot reload
const origin = `http://localhost:${WEB_PORT}`;

const backend = {
  ...process.env,
  API_PORT,
  EMULATOR_PORT,
  MAX_UPLOAD_BYTES,
  CORS_ORIGINS: origin,
  AUTH: "jwt",
  AUTH_JWKS_URL: `http://127.0.0.1:${WEB_PORT}/.well-known/jwks.json`,
  AUTH_ISSUER: origin,
  AUTH_AUDIENCE: "thumbline",
};

const frontend = {
  ...process.env,
  NEXT_TELEMETRY_DISABLED: "1",
  AUTH_URL: origin,
  AUTH_TRUST_HOST: "true",
  DEV_SIGN_IN: "true",
  API_URL: `http://localhost:${API_PORT}`,
  BUCKET_ORIGIN: `http://127.0.0.1:${EMULATOR_PORT}`,
  MAX_UPLOAD_BYTES,
};

const children = new Set();
let stopping = false;

function start(command, args, options) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
  children.add(child);
  child.on("error", ({ message }) => stop(`${command} did not start: ${message}`));
  child.on("exit", (code) => {
    children.delete(child);
    stop(stopping ? undefined : `${command} exited unexpectedly with ${code}.`);
  });
  return child;
}

/** Resolves once the child prints `text`; forwards all other output. */
function printed(child, text) {
  return new Promise((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      if (chunk.includes(text)) resolve();
      else process.stderr.write(chunk);
    });
  });
}

function stop(problem) {
  if (problem) {
    console.error(problem);
    process.exitCode = 1;
  }
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill("SIGTERM");
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop());

writeSecrets();
const python = `${ROOT}.venv-run/bin/python`;
await printed(start(python, ["-m", "local"], { cwd: ROOT, env: backend }), "ready ");
const next = ["node_modules/next/dist/bin/next", mode, "-H", "127.0.0.1", "-p", WEB_PORT];
await printed(start(process.execPath, next, { cwd: APP, env: frontend }), "Ready in");
console.log(`ready ${origin}`);

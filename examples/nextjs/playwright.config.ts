import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";
import { ports } from "./tests/e2e/system";

// As root, Chromium has no sandbox; the other switches keep it from calling home.
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  retries: process.env.CI ? 2 : 0, // for busy machines; what passes only on a retry is reported as flaky
  reporter: [["list"], ["./tests/closing-line.ts"]],
  use: {
    baseURL: `http://localhost:${ports.WEB_PORT}`,
    viewport: { width: 1280, height: 800 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: process.getuid?.() === 0 ? ["--no-sandbox", ...QUIET] : QUIET,
    },
  },
  projects: [
    { name: "unit", testDir: "tests/unit" },
    { name: "e2e", testDir: "tests/e2e" },
    { name: "screenshots", testDir: "tests/screenshots" },
  ],
  webServer: {
    command: "node scripts/system.mjs",
    url: `http://localhost:${ports.WEB_PORT}/sign-in`,
    stdout: "ignore",
    gracefulShutdown: { signal: "SIGTERM", timeout: 15_000 },
    env: {
      ...ports,
      LOCAL_DATA: mkdtempSync(join(tmpdir(), "thumbline-web-")),
      MAX_UPLOAD_BYTES: "6000000",
      UPLOAD_URL_SECONDS: "15", // short, so that a test can outlive it
    },
  },
});

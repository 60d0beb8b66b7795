import type { FullResult, Reporter, Suite, TestCase } from "@playwright/test/reporter";

/** Prints the result in one line for people and CI. */
export default class ClosingLine implements Reporter {
  #tests: TestCase[] = [];

  onBegin(_config: unknown, suite: Suite): void {
    this.#tests = suite.allTests();
  }

  onEnd({ status }: FullResult): void {
    const passed = this.#tests.filter((test) => test.results.length > 0 && test.ok()).length;
    const failed = this.#tests.length - passed;
    console.log(`\n${passed} passed, ${failed} failed`);
    if (status !== "passed" && failed === 0) console.log(`The run ended as ${status}.`);
  }
}

// What has to be undone, last first. One step that fails keeps none of the others from being done.
export class Cleanup {
  #steps = [];

  add(what, step) {
    this.#steps.push({ what, step });
  }

  /** Says whether everything could be undone. */
  async run() {
    let clean = true;
    while (this.#steps.length > 0) {
      const { what, step } = this.#steps.pop();
      try {
        await step();
      } catch (error) {
        clean = false;
        console.error(`bench: ${what} did not work: ${error.message}`);
      }
    }
    return clean;
  }
}

// Draws SVG texts in child processes: the renderer aborts its process on a few of them.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const kProgram = fileURLToPath(new URL('drawing_process.mjs', import.meta.url));
const kProcesses = 2;
const kChunk = 64;

/** A child process that draws, started again whenever it has died. */
class DrawingProcess {
  #child;

  /** The drawings of the SVGs, or undefined where the process died of one of them. */
  ask(request) {
    this.#child ??= fork(kProgram, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const child = this.#child;
    return new Promise((answer) => {
      const onMessage = (drawings) => finish(drawings);
      const onExit = () => {
        this.#child = undefined;
        finish(undefined);
      };
      const finish = (drawings) => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        answer(drawings);
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.send(request);
    });
  }

  stop() {
    this.#child?.disconnect();
  }
}

/** Draws with two processes. `form` is 'planes' (straight R, G, B, A or alpha alone) or 'png' (on white). */
export class Drawer {
  #processes = Array.from({ length: kProcesses }, () => new DrawingProcess());
  #side;
  #form;
  #checked = false;

  constructor(side, form) {
    this.#side = side;
    this.#form = form;
  }

  /**
   * The drawings of the SVGs in order: bytes, null for a blank one, undefined for one that the renderer died
   * of.
   */
  async draw(svgs) {
    if (svgs.length > 0) await this.#checkRenderer();
    const drawings = new Array(svgs.length);
    let next = 0;
    const work = async (process) => {
      while (next < svgs.length) {
        const begin = next;
        next = Math.min(begin + kChunk, svgs.length);
        const drawn = await this.#drawChunk(process, svgs.slice(begin, next));
        drawn.forEach((drawing, i) => (drawings[begin + i] = drawing));
      }
    };
    await Promise.all(this.#processes.map(work));
    return drawings;
  }

  /** A renderer that dies of everything is broken, and its losses would look like bad drawings. */
  async #checkRenderer() {
    if (this.#checked) return;
    const blank = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>';
    const answer = await this.#processes[0].ask({ svgs: [blank], side: this.#side, form: this.#form });
    if (!answer) throw new Error('the renderer @resvg/resvg-js does not start; run npm ci in tools/pocket');
    this.#checked = true;
  }

  /** Halves a chunk that killed the process until the one at fault stands alone. */
  async #drawChunk(process, svgs) {
    const drawings = await process.ask({ svgs, side: this.#side, form: this.#form });
    if (drawings) return drawings;
    if (svgs.length === 1) return [undefined];
    const half = svgs.length >> 1;
    return [
      ...(await this.#drawChunk(process, svgs.slice(0, half))),
      ...(await this.#drawChunk(process, svgs.slice(half))),
    ];
  }

  /** Ends the processes; the drawer is of no use afterwards. */
  stop() {
    for (const process of this.#processes) process.stop();
  }
}

/**
 * Logs the loss of a drawing: `drawing` is null for a blank one and undefined for one that the renderer died
 * of.
 */
export function logLoss(name, drawing, log) {
  log(`${name}: ${drawing === null ? 'blank' : 'the renderer aborts'}; left out`);
}

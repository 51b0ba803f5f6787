/** Draws 1,000 rows again and again, all figures of each changed; the script time of each turn in milliseconds. */

const COUNT = 1000;

function rowsAt(turn) {
  return Array.from({ length: COUNT }, (_, number) => ({
    id: `row-${number}`, status: "downloading", name: `org-${number % 40}/a-model-of-some-size-${number}-GGUF`,
    amount: `${(turn * 3 + number) % 977} MB of 1.2 GB`, speed: `${(turn * 7 + number) % 89} MB/s`, left: `${(turn + number) % 59} s left`,
    done: ((turn + number) % 100) / 100,
  }));
}

export async function measure(module, turns) {
  const place = document.querySelector("#rows");
  const { draw } = await import(module);
  const times = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const rows = rowsAt(turn);
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const begin = performance.now();
    draw(rows, place);
    times.push(performance.now() - begin);
  }
  return times;
}

/** 1,000 rows by hand: an element is changed only where its value differs, as the page's own board was written once. */

const rows = new Map();

function make() {
  const element = document.createElement("li");
  const parts = {};
  for (const [name, tag] of [["name", "h3"], ["amount", "span"], ["speed", "span"], ["left", "span"], ["fill", "div"]]) {
    parts[name] = element.appendChild(document.createElement(tag));
  }
  return { element, parts };
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function draw(list, place) {
  for (const row of list) {
    if (!rows.has(row.id)) {
      rows.set(row.id, make());
      place.append(rows.get(row.id).element);
    }
    const { element, parts } = rows.get(row.id);
    if (element.dataset.status !== row.status) element.dataset.status = row.status;
    setText(parts.name, row.name);
    setText(parts.amount, row.amount);
    setText(parts.speed, row.speed);
    setText(parts.left, row.left);
    parts.fill.style.transform = `scaleX(${row.done})`;
  }
}

"""What is wrong with how a page looks, found by script in a browser: empty where all is well."""

from __future__ import annotations

from tests.metrics.report.browser import Browser

# Every visible piece of text with the rectangles of its lines. What is hidden from sight for the
# sake of screen readers, and turned labels, whose box is not that of their letters, are left out.
_TEXTS = """
const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode, parent = node.parentElement;
  if (!node.textContent.trim() || !parent.checkVisibility({visibilityProperty: true})) continue;
  if (parent.closest('style, title, .defs')) continue;
  const hidden = parent.closest('.suite');
  if (hidden && getComputedStyle(hidden).position === 'absolute') continue;
  if ((parent.closest('text') || parent).getAttribute('transform')) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects()) {
    if (box.width > 0.5 && box.height > 0.5) {
      texts.push({text: node.textContent.trim().slice(0, 60), node, parent, svg:
        !!parent.closest('svg'), x: box.left + scrollX, y: box.top + scrollY,
        right: box.right + scrollX, bottom: box.bottom + scrollY});
    }
  }
}
"""

_OVERLAPS = (
    "(() => {"
    + _TEXTS
    + """
texts.sort((a, b) => a.y - b.y);
const found = [];
for (let i = 0; i < texts.length; i++) {
  for (let j = i + 1; j < texts.length && texts[j].y < texts[i].bottom - 2; j++) {
    const a = texts[i], b = texts[j];
    if (a.node === b.node) continue;
    const across = Math.min(a.right, b.right) - Math.max(a.x, b.x);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.y, b.y);
    // Boxes of letters are higher than the letters: a fifth above and below is empty.
    const least = 0.4 * Math.min(a.bottom - a.y, b.bottom - b.y);
    if (across > 1 && down > least) found.push(a.text + ' | ' + b.text);
  }
}
return found.slice(0, 20);
})()"""
)

_CUT = (
    "(() => {"
    + _TEXTS
    + """
const out = texts.filter(t => t.x < -0.5 || t.right > innerWidth + 0.5);
const found = out.map(t => 'out: ' + t.text);
if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
for (const e of document.querySelectorAll('body *')) {
  const style = getComputedStyle(e);
  if (e.closest('.suite, svg') || style.display === 'contents') continue;
  if (style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1) {
    found.push('scrolls or is cut: ' + e.tagName + '.' + e.className);
  }
}
return found.slice(0, 20);
})()"""
)

_FAINT = (
    "(() => {"
    + _TEXTS
    + """
const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = c => {
  const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(
    v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0.99) return c;
  }
  return [255, 255, 255];
};
const found = new Set();
for (const t of texts) {
  const style = getComputedStyle(t.parent);
  const own = numbers(t.svg ? style.fill : style.color), back = behind(t.parent);
  const [a, b] = [light(own), light(back)].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) found.add(ratio.toFixed(1) + ': ' + t.text);
}
return [...found].slice(0, 20);
})()"""
)


def open_all(browser: Browser) -> None:
    """Open every part of the page that opens."""
    browser.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


def overlapping(browser: Browser) -> list[str]:
    """Pairs of texts that stand on each other."""
    return list(browser.evaluate(_OVERLAPS))


def cut(browser: Browser) -> list[str]:
    """What reaches out of the window, or is hidden or scrolled inside its box."""
    return list(browser.evaluate(_CUT))


def faint(browser: Browser) -> list[str]:
    """Texts whose contrast is below 4.5, which WCAG 2.2 wants of all but large ones."""
    return list(browser.evaluate(_FAINT))

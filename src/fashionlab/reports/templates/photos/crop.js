"use strict";
/*
 * A part of a photograph, chosen with a pointer or the keyboard.
 *
 *     const crop = fashionlabPhotos.crop(frame, { width, height, choose: (box) => see(box) });
 *     crop.set(null);  // all of it, without asking `choose`
 *
 * `frame` is a positioned element that the whole photograph fills. It becomes focusable, and shows the box by an <i>
 * with its place in per cent, for the page to style (position: absolute; pointer-events: none). Let it stay in the page
 * while the user is at it: a new one has no focus.
 *
 * A drag begins a box, moves the one it begins in, or, near a corner, changes its size; a click is no box. Arrow keys
 * move it, with Shift they move its lower right corner, with Control or Alt by one pixel; + and - make it larger and
 * smaller around its middle; Escape takes all of the photograph.
 */
Object.assign(fashionlabPhotos, (() => {
  /** Pixels of the photograph that a box has at least, if there are so many. */
  const LEAST = 8;

  /** Pixels of the screen: how near to a corner a drag takes hold of it, and how far it goes at least. */
  const REACH = 14, FAR = 4;

  /** Of the photograph's longest edge: by how much a key moves. */
  const STEP = 0.02;

  const LABEL = "The part of the photograph that is used. Drag a box; or arrow keys move it, with Shift its lower right " +
    "corner, plus and minus change its size, Escape takes all of the photograph.";

  const within = (value, least, most) => Math.max(least, Math.min(most, value));

  /**
   * @param {HTMLElement} frame
   * @param {{width: number, height: number, box?: Box | null, choose: (box: Box | undefined) => void}} options
   *   width, height: of the photograph, in pixels; box: to begin with; choose: gets the box, undefined for all of it,
   *   once a drag has ended, and for keys at most once between two frames of the screen
   * @returns {{set: (box: Box | null) => void, remove: () => void}}
   */
  function crop(frame, { width, height, box = null, choose }) {
    const mark = document.createElement("i"), least = { x: Math.min(LEAST, width), y: Math.min(LEAST, height) };
    let now = box, asked = 0, drag = null;

    function show() {
      const share = (value, all) => `${(100 * value) / all}%`;
      mark.hidden = !now;
      if (now) {
        Object.assign(mark.style, {
          left: share(now.x, width), top: share(now.y, height), width: share(now.width, width), height: share(now.height, height),
        });
      }
      const used = now ? `Now ${now.width} x ${now.height} pixels, from ${now.x}, ${now.y}.` : "Now all of it.";
      frame.setAttribute("aria-label", `${LABEL} ${used}`);
    }
    function set(next) {
      now = next;
      show();
    }
    function ask() {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => choose(now || undefined));
    }

    /** A box between two corners in any order, in whole pixels, moved so that it is large enough and within. */
    function between(x0, y0, x1, y1) {
      const [left, wide] = span(x0, x1, width, least.x), [top, high] = span(y0, y1, height, least.y);
      return { x: left, y: top, width: wide, height: high };
    }
    function span(one, other, all, smallest) {
      const begin = Math.round(within(Math.min(one, other), 0, all)), end = Math.round(within(Math.max(one, other), 0, all));
      const size = Math.max(smallest, end - begin);
      return [Math.min(begin, all - size), size];
    }
    const moved = (from, right, down) => ({
      ...from, x: Math.round(within(from.x + right, 0, width - from.width)), y: Math.round(within(from.y + down, 0, height - from.height)),
    });

    /** Where the pointer is, in pixels of the photograph, and how many of them a pixel of the screen has. */
    function place(event) {
      const edge = frame.getBoundingClientRect(), scale = width / edge.width;
      return { x: (event.clientX - edge.left) * scale, y: ((event.clientY - edge.top) * height) / edge.height, scale };
    }
    /** What a drag from here does: the corner that stays, if it changes the size; "move" within the box; else null. */
    function grip({ x, y, scale }) {
      if (!now) return null;
      const right = now.x + now.width, bottom = now.y + now.height, reach = REACH * scale;
      for (const [cornerX, otherX] of [[now.x, right], [right, now.x]]) {
        for (const [cornerY, otherY] of [[now.y, bottom], [bottom, now.y]]) {
          if (Math.hypot(x - cornerX, y - cornerY) <= reach) return { x: otherX, y: otherY, slope: (cornerX < otherX) === (cornerY < otherY) };
        }
      }
      return x >= now.x && x <= right && y >= now.y && y <= bottom ? "move" : null;
    }

    function down(event) {
      if (event.button || !event.isPrimary) return;
      event.preventDefault();
      frame.focus({ preventScroll: true });
      frame.setPointerCapture(event.pointerId);
      const from = place(event);
      drag = { from, before: now, hold: grip(from), far: false };
    }
    function move(event) {
      const at = place(event);
      if (!drag) {
        const hold = grip(at);
        frame.style.cursor = !hold ? "crosshair" : hold === "move" ? "move" : hold.slope ? "nwse-resize" : "nesw-resize";
        return;
      }
      const { from, before, hold } = drag, right = at.x - from.x, below = at.y - from.y;
      drag.far ||= Math.hypot(right, below) >= FAR * at.scale;
      if (!drag.far) return;
      if (hold === "move") set(moved(before, right, below));
      else set(between((hold || from).x, (hold || from).y, at.x, at.y));
    }
    function up() {
      const far = drag && drag.far;
      drag = null;
      if (far) ask();
    }
    function cancel() {
      if (drag) set(drag.before);
      drag = null;
    }

    function key(event) {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const larger = { "+": 1, "=": 1, "-": -1 }[event.key];
      if (event.key === "Escape" && drag) cancel();
      else if (event.key === "Escape" && now) { set(null); ask(); }
      else if (way || larger) {
        const step = event.ctrlKey || event.altKey ? 1 : Math.max(1, Math.round(STEP * Math.max(width, height)));
        set(now ? changed(now, way, larger, step, event.shiftKey) : between(0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height));
        ask();
      } else return;
      event.preventDefault();
    }
    function changed(old, way, larger, step, corner) {
      const right = old.x + old.width, bottom = old.y + old.height;
      if (larger) {
        const middle = (begin, end, smallest) => (end - begin + 2 * larger * step < smallest ? 0 : larger * step);
        const across = middle(old.x, right, least.x), along = middle(old.y, bottom, least.y);
        return between(old.x - across, old.y - along, right + across, bottom + along);
      }
      if (!corner) return moved(old, way[0] * step, way[1] * step);
      const x = Math.max(old.x + least.x, right + way[0] * step), y = Math.max(old.y + least.y, bottom + way[1] * step);
      return between(old.x, old.y, x, y);
    }

    const heard = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel, keydown: key };
    for (const [name, hear] of Object.entries(heard)) frame.addEventListener(name, hear);
    frame.tabIndex = 0;
    frame.setAttribute("role", "application");
    frame.style.touchAction = "none"; // a finger drags the box, and does not scroll the page
    frame.append(mark);
    show();
    return {
      set,
      remove() {
        for (const [name, hear] of Object.entries(heard)) frame.removeEventListener(name, hear);
        cancelAnimationFrame(asked);
        mark.remove();
      },
    };
  }

  return { crop };
})());

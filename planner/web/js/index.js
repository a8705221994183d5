// The territory map on Canvas 2D: no dependency, so page, notebook and report share it.
//
// Three canvases lie on each other: the scene (regions, accounts, borders, labels), the
// selection, and the lasso being drawn. Dragging repaints the top one or moves a copy of
// the scene, never the scene itself.

const FONT = '"Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", system-ui, sans-serif';
const INK = "#1c2733", LAND = "#eef1f4", BORDER = "#ffffff", NOBODY = "#ffffff", KEPT = "#0b1016";
const CHOSEN = "#1f5fa8", TINT = "rgba(31,95,168,0.22)"; // as the lasso is drawn
const LABEL = 150; // pixels of the longest name on the map
const IDLE = 140; // ms without movement after which the scene is painted anew
const MANY = 30000; // accounts from which dots are squares: a fill each is dear
const PANNED = 48; // pixels that an arrow key moves the map

/** Decode base64 of little-endian numbers. */
function numbers(text, type) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new type(bytes.buffer);
}

/** Encode a set of indices below n as base64 of one bit each, lowest bit first. */
export function bits(chosen, n) {
  const bytes = new Uint8Array(Math.ceil(n / 8));
  for (const i of chosen) bytes[i >> 3] |= 1 << (i & 7);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Whether a point lies in a ring given as x0, y0, x1, y1, ... */
function inside(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const yi = ring[i + 1], yj = ring[j + 1];
    if (yi > y !== yj > y && x < ((ring[j] - ring[i]) * (y - yi)) / (yj - yi) + ring[i]) odd = !odd;
  }
  return odd;
}

class TerritoryMap {
  constructor(host, options = {}) {
    this.host = host;
    this.options = options;
    this.mode = "pan";
    this.view = { x: 0, y: 0, scale: 1 };
    this.fitted = true; // until somebody pans or zooms
    this.frames = 0;
    this.chosen = { accounts: new Set(), regions: new Set() };
    this.now = { accounts: new Int16Array(), regions: new Int16Array() };
    this.old = { accounts: new Int16Array(), regions: new Int16Array() };
    this.locked = { accounts: new Set(), regions: new Set() };
    this.colours = [];
    this.names = [];
    host.classList.add("territory-map");
    host.style.position = "relative";
    host.style.overflow = "hidden";
    this.layers = ["scene", "selection", "lasso"].map(() => {
      const canvas = document.createElement("canvas");
      canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
      host.appendChild(canvas);
      return canvas;
    });
    const top = this.layers[2];
    top.tabIndex = 0;
    top.setAttribute("role", "application");
    top.setAttribute("aria-label", options.label || "Map");
    top.style.touchAction = "none";
    this.tip = document.createElement("div");
    this.tip.style.cssText =
      "position:absolute;display:none;pointer-events:none;max-width:280px;padding:4px 8px;border-radius:4px;" +
      `background:${INK};color:#fff;font:12px/1.4 ${FONT};z-index:5;overflow-wrap:anywhere`;
    host.appendChild(this.tip);
    this.listen(top);
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(host);
  }

  destroy() {
    this.watcher.disconnect();
    this.host.replaceChildren();
  }

  // ---- what is shown ---------------------------------------------------------------

  /** Take geometry as `GET .../geometry` sends it: base64 arrays in projected metres. */
  setData(data) {
    const a = data.accounts, r = data.regions;
    this.accounts = a && { x: numbers(a.x, Float32Array), y: numbers(a.y, Float32Array), names: a.names };
    this.regions = null;
    if (r) {
      const xy = numbers(r.xy, Float32Array), ends = numbers(r.ends, Int32Array), of = numbers(r.of, Int32Array);
      this.regions = { names: r.names, x: numbers(r.x, Float32Array), y: numbers(r.y, Float32Array), rings: r.names.map(() => []), owned: r.owned };
      for (let k = 0, at = 0; k < ends.length; at = ends[k++]) {
        const ring = xy.subarray(at, ends[k]);
        this.regions.rings[of[k]].push(ring);
      }
      this.regions.boxes = this.regions.rings.map(boxOf);
      this.regions.paths = this.regions.rings.map(pathOf);
    }
    this.bases = data.bases || [];
    this.main = data.main || data.extent; // where nearly all is: far parts would make it tiny
    this.all = data.extent;
    this.extent = this.main;
    this.fitted = true;
    this.chosen.accounts.clear();
    this.chosen.regions.clear();
    this.resized();
  }

  /** Set names and colours of reps; owners are indices into both, -1 for nobody. */
  setReps(reps) {
    this.names = reps.names;
    this.colours = reps.colours;
    this.repaint();
  }

  /** Set today's picture: owners now and before, and what is locked, as base64. */
  setOwners(state) {
    for (const kind of ["accounts", "regions"]) {
      if (state[kind] !== undefined) this.now[kind] = numbers(state[kind], Int16Array);
      if (state[kind + "_before"] !== undefined) this.old[kind] = numbers(state[kind + "_before"], Int16Array);
      if (state[kind + "_locked"] !== undefined) this.locked[kind] = new Set(state[kind + "_locked"]);
    }
    this.repaint();
  }

  setMode(mode) {
    this.mode = mode;
    this.layers[2].style.cursor = mode === "pan" ? "grab" : "crosshair";
  }

  setView(view) {
    this.fitted = false;
    this.view = { ...view };
    this.moved();
  }

  setSelection(chosen) {
    this.chosen = { accounts: new Set(chosen.accounts || []), regions: new Set(chosen.regions || []) };
    this.paintSelection();
  }

  selected() {
    return { accounts: [...this.chosen.accounts], regions: [...this.chosen.regions] };
  }

  toScreen(x, y) {
    const v = this.view;
    return [(x - v.x) * v.scale + this.width / 2, (v.y - y) * v.scale + this.height / 2];
  }

  toWorld(px, py) {
    const v = this.view;
    return [(px - this.width / 2) / v.scale + v.x, v.y - (py - this.height / 2) / v.scale];
  }

  /** Fit the main part; when that is what is seen already, the whole map. */
  fit() {
    this.extent = this.fitted && this.extent === this.main ? this.all : this.main;
    this.fitted = true;
    this.resized();
    this.told();
  }

  resized() {
    const box = this.host.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    if (!box.width || !box.height) return;
    [this.width, this.height, this.ratio] = [box.width, box.height, ratio];
    for (const canvas of this.layers) {
      canvas.width = Math.round(box.width * ratio);
      canvas.height = Math.round(box.height * ratio);
    }
    if (this.fitted && this.extent) {
      const [x0, y0, x1, y1] = this.extent;
      const scale = 0.94 * Math.min(box.width / (x1 - x0 || 1), box.height / (y1 - y0 || 1));
      this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
    }
    this.paint();
  }

  // ---- painting --------------------------------------------------------------------

  repaint() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.paint());
  }

  /** Show the last scene where it would be now, and paint anew when all is quiet. */
  moved() {
    const scene = this.layers[0].getContext("2d"), old = this.painted, v = this.view;
    if (old && this.copy) {
      const zoom = v.scale / old.scale;
      const [cx, cy] = this.toScreen(old.x, old.y);
      scene.setTransform(1, 0, 0, 1, 0, 0);
      scene.clearRect(0, 0, scene.canvas.width, scene.canvas.height);
      const r = this.ratio;
      scene.drawImage(this.copy, (cx - (this.width / 2) * zoom) * r, (cy - (this.height / 2) * zoom) * r, this.width * zoom * r, this.height * zoom * r);
      this.frames += 1;
    }
    this.paintSelection();
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.paint(), IDLE);
  }

  paint() {
    if (!this.width || !this.extent) return;
    const ctx = this.layers[0].getContext("2d");
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    this.paintRegions(ctx);
    this.paintAccounts(ctx);
    this.paintBases(ctx);
    this.paintLabels(ctx);
    this.painted = { ...this.view };
    this.copy = this.copy || document.createElement("canvas");
    this.copy.width = ctx.canvas.width;
    this.copy.height = ctx.canvas.height;
    this.copy.getContext("2d").drawImage(ctx.canvas, 0, 0);
    this.frames += 1;
    this.paintSelection();
  }

  world(ctx) {
    const v = this.view, r = this.ratio, s = v.scale * r;
    ctx.setTransform(s, 0, 0, -s, (this.width / 2) * r - v.x * s, (this.height / 2) * r + v.y * s);
  }

  colour(owner) {
    return owner < 0 ? NOBODY : this.colours[owner] || NOBODY;
  }

  paintRegions(ctx) {
    if (!this.regions) return;
    const { paths, boxes, owned } = this.regions;
    const [x0, y1] = this.toWorld(0, 0), [x1, y0] = this.toWorld(this.width, this.height);
    const shown = [...paths.keys()].filter((i) => {
      const b = boxes[i];
      return b[0] < x1 && b[2] > x0 && b[1] < y1 && b[3] > y0;
    });
    ctx.save();
    this.world(ctx);
    ctx.lineWidth = 0.6 / this.view.scale;
    for (const i of shown) {
      ctx.fillStyle = owned ? this.colour(this.now.regions[i]) : LAND;
      ctx.fill(paths[i], "evenodd");
      ctx.strokeStyle = owned && this.now.regions[i] < 0 ? INK : BORDER;
      ctx.stroke(paths[i]);
    }
    if (owned) {
      ctx.lineWidth = 2.2 / this.view.scale;
      for (const i of shown) {
        const before = this.old.regions[i];
        if (before === undefined || before === this.now.regions[i]) continue;
        ctx.strokeStyle = INK;
        ctx.stroke(paths[i]);
        ctx.save();
        ctx.clip(paths[i], "evenodd");
        this.stripes(ctx, boxes[i], this.colour(before));
        ctx.restore();
      }
    }
    ctx.restore();
    if (owned) for (const i of this.locked.regions) this.lock(ctx, ...this.toScreen(this.regions.x[i], this.regions.y[i]), 3);
  }

  /** Stripes of the former owner's colour over a changed region. */
  stripes(ctx, box, colour) {
    const step = 9 / this.view.scale, tall = box[3] - box[1];
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2.5 / this.view.scale;
    ctx.beginPath();
    for (let x = box[0] - tall; x < box[2]; x += step) {
      ctx.moveTo(x, box[1]);
      ctx.lineTo(x + tall, box[3]);
    }
    ctx.stroke();
  }

  /** Radius of a dot: the larger, the fewer there are, and the nearer one looks. */
  size() {
    const n = this.accounts.x.length, apart = Math.sqrt((this.width * this.height) / n);
    const least = Math.max(n > MANY ? 1.6 : 2.2, Math.min(4, apart * 0.08));
    return Math.max(least, Math.min(6, (this.view.scale * (this.main[2] - this.main[0])) / 420));
  }

  paintAccounts(ctx) {
    if (!this.accounts || this.regions?.owned) return;
    const { x, y } = this.accounts, v = this.view, size = this.size(), n = x.length, square = n > MANY;
    const by = new Map(), w = this.width / 2, h = this.height / 2;
    for (let i = 0; i < n; i++) {
      const px = (x[i] - v.x) * v.scale + w, py = (v.y - y[i]) * v.scale + h;
      if (!(px > -8 && py > -8 && px < this.width + 8 && py < this.height + 8)) continue;
      const colour = this.colour(this.now.accounts[i]);
      if (!by.has(colour)) by.set(colour, []);
      by.get(colour).push(px, py);
    }
    for (const [colour, at] of by) {
      ctx.fillStyle = colour;
      ctx.beginPath();
      for (let k = 0; k < at.length; k += 2) {
        if (square) ctx.rect(at[k] - size, at[k + 1] - size, 2 * size, 2 * size);
        else {
          ctx.moveTo(at[k] + size, at[k + 1]);
          ctx.arc(at[k], at[k + 1], size, 0, 7);
        }
      }
      ctx.fill();
      if (colour !== NOBODY) continue;
      ctx.strokeStyle = INK;
      ctx.lineWidth = 1;
      ctx.stroke();
    }
    for (let i = 0; i < n; i++) {
      const before = this.old.accounts[i];
      if (before === undefined || before === this.now.accounts[i]) continue;
      this.ring(ctx, ...this.toScreen(x[i], y[i]), size + 2.2, this.colour(before));
    }
    for (const i of this.locked.accounts) this.lock(ctx, ...this.toScreen(x[i], y[i]), size);
  }

  ring(ctx, px, py, size, colour) {
    ctx.strokeStyle = INK;
    ctx.lineWidth = 3.2;
    ctx.beginPath();
    ctx.arc(px, py, size, 0, 7);
    ctx.stroke();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.8;
    ctx.stroke();
  }

  lock(ctx, px, py, size) {
    ctx.strokeStyle = KEPT;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(px - size - 2, py - size - 2, 2 * size + 4, 2 * size + 4);
  }

  paintBases(ctx) {
    for (const base of this.bases) {
      const [px, py] = this.toScreen(base.x, base.y);
      ctx.fillStyle = this.colour(base.rep);
      ctx.strokeStyle = INK;
      ctx.lineWidth = 1.2;
      ctx.beginPath();
      ctx.moveTo(px, py - 6);
      ctx.lineTo(px + 5.5, py + 4.5);
      ctx.lineTo(px - 5.5, py + 4.5);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  }

  /** Name each territory at its middle, the largest first, none over another. */
  paintLabels(ctx) {
    const kind = this.regions?.owned ? "regions" : "accounts", from = this[kind];
    if (!from) return;
    const sums = this.names.map(() => [0, 0, 0]), now = this.now[kind];
    for (let i = 0; i < from.x.length; i++) {
      const sum = sums[now[i]];
      if (sum && from.x[i] === from.x[i]) {
        sum[0] += from.x[i];
        sum[1] += from.y[i];
        sum[2] += 1;
      }
    }
    ctx.font = `600 12px ${FONT}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    const taken = [], bases = this.bases.map((base) => this.toScreen(base.x, base.y));
    const over = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    const onBase = (box) => bases.some(([x, y]) => over(box, [x - 6, y - 7, x + 6, y + 5]));
    const order = [...sums.keys()].filter((r) => sums[r][2]).sort((a, b) => sums[b][2] - sums[a][2]);
    for (const rep of order) {
      const [px, py] = this.toScreen(sums[rep][0] / sums[rep][2], sums[rep][1] / sums[rep][2]);
      const name = shortened(ctx, this.names[rep]), half = ctx.measureText(name).width / 2 + 4;
      const boxes = [0, -15, 15].map((by) => [px - half, py + by - 9, px + half, py + by + 9]);
      const free = boxes.filter((b) => b[0] >= 0 && b[1] >= 0 && b[2] <= this.width && b[3] <= this.height && !taken.some((o) => over(b, o)));
      const box = free.find((b) => !onBase(b)) || free[0];
      if (!box) continue;
      taken.push(box);
      ctx.strokeStyle = "rgba(255,255,255,0.92)";
      ctx.lineWidth = 4;
      ctx.strokeText(name, px, box[1] + 9);
      ctx.fillStyle = INK;
      ctx.fillText(name, px, box[1] + 9);
    }
  }

  paintSelection() {
    if (!this.width || !this.extent) return;
    const ctx = this.layers[1].getContext("2d");
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    if (this.accounts && this.chosen.accounts.size) {
      const { x, y } = this.accounts, size = this.size() + 4, square = x.length > MANY;
      ctx.strokeStyle = CHOSEN;
      ctx.fillStyle = TINT;
      ctx.lineWidth = 2;
      ctx.beginPath();
      for (const i of this.chosen.accounts) {
        const [px, py] = this.toScreen(x[i], y[i]);
        if (!(px > -8 && py > -8 && px < this.width + 8 && py < this.height + 8)) continue;
        if (square) ctx.rect(px - size, py - size, 2 * size, 2 * size);
        else {
          ctx.moveTo(px + size, py);
          ctx.arc(px, py, size, 0, 7);
        }
      }
      ctx.fill();
      ctx.stroke();
    }
    if (this.regions && this.chosen.regions.size) {
      this.world(ctx);
      ctx.fillStyle = TINT;
      ctx.strokeStyle = CHOSEN;
      ctx.lineWidth = 2 / this.view.scale;
      for (const i of this.chosen.regions) {
        ctx.fill(this.regions.paths[i], "evenodd");
        ctx.stroke(this.regions.paths[i]);
      }
    }
  }

  // ---- hands -----------------------------------------------------------------------

  listen(top) {
    const place = (event) => {
      const box = top.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    let start = null, path = null;
    const held = new Map(); // pointers down, for pinching
    top.addEventListener("pointerdown", (event) => {
      top.setPointerCapture(event.pointerId);
      held.set(event.pointerId, place(event));
      const at = place(event);
      start = { at, view: { ...this.view }, moved: false, add: event.shiftKey || event.ctrlKey || event.metaKey };
      path = this.mode === "pan" ? null : [...at];
    });
    top.addEventListener("pointermove", (event) => {
      const at = place(event);
      if (held.size === 2 && held.has(event.pointerId)) {
        const before = [...held.values()];
        held.set(event.pointerId, at);
        const after = [...held.values()];
        const wide = (p) => Math.hypot(p[0][0] - p[1][0], p[0][1] - p[1][1]);
        const middle = [(after[0][0] + after[1][0]) / 2, (after[0][1] + after[1][1]) / 2];
        this.zoom(wide(after) / (wide(before) || 1), middle);
        start = path = null;
        return;
      }
      if (!start) return this.hover(at);
      held.set(event.pointerId, at);
      start.moved = start.moved || Math.hypot(at[0] - start.at[0], at[1] - start.at[1]) > 4;
      if (!path) {
        this.fitted = false;
        this.view.x = start.view.x - (at[0] - start.at[0]) / this.view.scale;
        this.view.y = start.view.y + (at[1] - start.at[1]) / this.view.scale;
        this.moved();
        this.told();
      } else {
        if (this.mode === "box") path = [start.at[0], start.at[1], at[0], start.at[1], at[0], at[1], start.at[0], at[1]];
        else path.push(...at);
        this.paintLasso(path);
      }
    });
    const end = (event) => {
      held.delete(event.pointerId);
      if (!start) return;
      const was = start;
      start = null;
      if (!was.moved) this.pick(was.at, was.add);
      else if (path) this.enclose(path, was.add);
      path = null;
      this.paintLasso(null);
    };
    top.addEventListener("pointerup", end);
    top.addEventListener("pointercancel", (event) => {
      held.delete(event.pointerId);
      start = path = null;
      this.paintLasso(null);
    });
    top.addEventListener("pointerleave", () => (this.tip.style.display = "none"));
    top.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.0015), place(event));
    }, { passive: false });
    top.addEventListener("keydown", (event) => this.key(event));
    top.addEventListener("blur", () => {
      this.paintLasso(null);
      this.tip.style.display = "none";
    });
  }

  key(event) {
    const by = PANNED / this.view.scale, v = this.view;
    const keys = {
      ArrowLeft: () => (v.x -= by), ArrowRight: () => (v.x += by),
      ArrowUp: () => (v.y += by), ArrowDown: () => (v.y -= by),
      "+": () => this.zoom(1.3), "=": () => this.zoom(1.3), "-": () => this.zoom(1 / 1.3),
      0: () => this.fit(), Escape: () => this.choose([], [], false),
      Enter: () => this.pick([this.width / 2, this.height / 2], event.shiftKey),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
    if (event.key.startsWith("Arrow")) {
      this.fitted = false;
      this.moved();
      this.told();
    }
    this.aim();
  }

  /** Show what Enter would choose: the middle of the map, and what is there. */
  aim() {
    this.paintLasso(null);
    const ctx = this.layers[2].getContext("2d"), x = this.width / 2, y = this.height / 2;
    ctx.strokeStyle = CHOSEN;
    ctx.lineWidth = 2;
    ctx.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      ctx.moveTo(x + 4 * dx, y + 4 * dy);
      ctx.lineTo(x + 12 * dx, y + 12 * dy);
    }
    ctx.stroke();
    this.hover([x, y]);
  }

  zoom(by, at = [this.width / 2, this.height / 2]) {
    this.fitted = false;
    const [x, y] = this.toWorld(...at);
    this.view.scale *= by;
    this.view.x = x - (at[0] - this.width / 2) / this.view.scale;
    this.view.y = y + (at[1] - this.height / 2) / this.view.scale;
    this.moved();
    this.told();
  }

  told() {
    this.options.onView?.({ ...this.view });
  }

  paintLasso(path) {
    const ctx = this.layers[2].getContext("2d");
    ctx.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    if (!path) return;
    ctx.beginPath();
    for (let k = 0; k < path.length; k += 2) ctx.lineTo(path[k], path[k + 1]);
    ctx.closePath();
    ctx.fillStyle = TINT;
    ctx.fill();
    ctx.strokeStyle = CHOSEN;
    ctx.lineWidth = 1.5;
    ctx.setLineDash([5, 4]);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** Nearest account within reach, or the region under a place on the screen. */
  find([px, py]) {
    if (this.regions?.owned) {
      const [x, y] = this.toWorld(px, py), { boxes, rings } = this.regions;
      for (let i = 0; i < boxes.length; i++) {
        const b = boxes[i];
        if (b[0] > x || b[2] < x || b[1] > y || b[3] < y) continue;
        if (rings[i].reduce((odd, ring) => odd !== inside(ring, x, y), false)) return { regions: i };
      }
      return null;
    }
    if (!this.accounts) return null;
    const { x, y } = this.accounts, [wx, wy] = this.toWorld(px, py);
    let best = -1, least = ((this.size() + 5) / this.view.scale) ** 2;
    for (let i = 0; i < x.length; i++) {
      const d = (x[i] - wx) ** 2 + (y[i] - wy) ** 2;
      if (d < least) [best, least] = [i, d];
    }
    return best < 0 ? null : { accounts: best };
  }

  hover(at) {
    cancelAnimationFrame(this.hovering);
    this.hovering = requestAnimationFrame(() => {
      const found = this.find(at);
      this.tip.style.display = found ? "block" : "none";
      if (!found) return;
      const [kind, i] = Object.entries(found)[0];
      const before = this.old[kind][i], now = this.now[kind][i];
      const owner = (rep) => (rep < 0 ? "–" : this.names[rep]);
      const change = before !== undefined && before !== now ? `${owner(before)} → ${owner(now)}` : owner(now);
      this.tip.textContent = `${this[kind].names[i]}: ${change}`; // textContent: names are not markup
      this.tip.style.left = Math.min(at[0] + 14, this.width - 200) + "px";
      this.tip.style.top = Math.min(at[1] + 14, this.height - 40) + "px";
    });
  }

  pick(at, add) {
    const found = this.find(at);
    if (!found) return add ? undefined : this.choose([], [], false);
    this.choose(found.accounts === undefined ? [] : [found.accounts], found.regions === undefined ? [] : [found.regions], add, true);
  }

  enclose(path, add) {
    const xs = path.filter((_, k) => k % 2 === 0), ys = path.filter((_, k) => k % 2 === 1);
    const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const within = (from) => {
      const found = [], v = this.view, w = this.width / 2, h = this.height / 2;
      for (let i = 0; i < from.x.length; i++) {
        const px = (from.x[i] - v.x) * v.scale + w, py = (v.y - from.y[i]) * v.scale + h;
        if (px >= box[0] && px <= box[2] && py >= box[1] && py <= box[3] && inside(path, px, py)) found.push(i);
      }
      return found;
    };
    if (this.regions?.owned) this.choose([], within(this.regions), add);
    else this.choose(this.accounts ? within(this.accounts) : [], [], add);
  }

  /** Take a new selection, or add to the old; `toggle` takes out what is in it. */
  choose(accounts, regions, add, toggle = false) {
    if (!add) this.chosen = { accounts: new Set(), regions: new Set() };
    for (const [kind, found] of Object.entries({ accounts, regions }))
      for (const i of found) {
        if (add && toggle && this.chosen[kind].has(i)) this.chosen[kind].delete(i);
        else this.chosen[kind].add(i);
      }
    this.paintSelection();
    this.options.onSelect?.({
      accounts: bits(this.chosen.accounts, this.accounts?.x.length || 0),
      regions: bits(this.chosen.regions, this.regions?.x.length || 0),
      count: this.chosen.accounts.size + this.chosen.regions.size,
    });
  }
}

/** Cut a name that is longer than the map has room for. */
function shortened(ctx, name) {
  let text = name.slice(0, 80);
  while (ctx.measureText(text).width > LABEL) text = text.slice(0, -1);
  return text === name ? name : text + "…";
}

function boxOf(rings) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings)
    for (let k = 0; k < ring.length; k += 2) {
      box[0] = Math.min(box[0], ring[k]);
      box[1] = Math.min(box[1], ring[k + 1]);
      box[2] = Math.max(box[2], ring[k]);
      box[3] = Math.max(box[3], ring[k + 1]);
    }
  return box;
}

function pathOf(rings) {
  const path = new Path2D();
  for (const ring of rings) {
    path.moveTo(ring[0], ring[1]);
    for (let k = 2; k < ring.length; k += 2) path.lineTo(ring[k], ring[k + 1]);
    path.closePath();
  }
  return path;
}

/** Put a map into an element; returns it. */
export function mount(host, options) {
  return new TerritoryMap(host, options);
}

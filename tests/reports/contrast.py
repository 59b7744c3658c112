"""A script for the browser: the texts of a page whose contrast is below WCAG AA."""

CONTRAST = """() => {
    const rgb = (c) => { const v = c.match(/[\\d.]+/g).map(Number); return c.startsWith("color(") ? v.map((x, i) => i < 3 ? x * 255 : x) : v; };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
    const poor = [];
    for (const e of document.querySelectorAll("main *, nav *, header *, #card *")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!text || !e.getClientRects().length) continue;
        const style = getComputedStyle(e), front = rgb(e.ownerSVGElement ? style.fill : style.color);
        const [a, b] = [light(front), light(behind(e.ownerSVGElement ? e.ownerSVGElement : e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.7 && style.fontWeight >= 700;
        if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)} ${e.tagName}.${e.getAttribute("class")} ${e.textContent.trim().slice(0, 40)}`);
    }
    return poor;
}"""  # noqa: E501

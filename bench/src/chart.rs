//! Charts as SVG, with what Markdown viewers show: no script, no font of our own.

use std::fmt::Write;

const COLOURS: [&str; 8] = ["#9aa0a6", "#1a73e8", "#d93025", "#f29900", "#188038", "#9334e6", "#12858d", "#795548"];
const WIDTH: f64 = 760.0;
const LEFT: f64 = 170.0;

/// Horizontal bars in groups, on a logarithmic scale that begins at 1.
pub fn bars(title: &str, groups: &[(String, Vec<(&str, f64)>)]) -> String {
    let longest = groups.iter().flat_map(|(_, bars)| bars).map(|(_, value)| *value).fold(10.0, f64::max);
    let scale = (WIDTH - LEFT - 70.0) / longest.ln();
    let mut names = Vec::new();
    let mut y = 40.0;
    let mut body = String::new();
    for (group, bars) in groups {
        let _ = writeln!(body, r#"<text x="8" y="{:.0}" font-weight="bold">{}</text>"#, y + 12.0, escaped(group));
        y += 18.0;
        for (name, value) in bars {
            let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(*name);
                names.len() - 1
            });
            let width = (value.max(1.0).ln() * scale).max(1.0);
            let colour = COLOURS[at % COLOURS.len()];
            let _ = writeln!(
                body,
                r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{}</text><rect x="{LEFT}" y="{y:.0}" width="{width:.1}" height="12" fill="{colour}"/><text x="{:.0}" y="{:.0}">{}</text>"#,
                LEFT - 6.0,
                y + 10.0,
                escaped(name),
                LEFT + width + 5.0,
                y + 10.0,
                crate::paired::digits(*value),
            );
            y += 16.0;
        }
        y += 10.0;
    }
    page(title, y, &body)
}

/// Lines over a logarithmic axis of counts, from 0 up.
pub fn lines(title: &str, unit: &str, lines: &[(String, Vec<(usize, f64)>)]) -> String {
    let (top, bottom, right) = (50.0, 330.0, WIDTH - 190.0);
    let points = || lines.iter().flat_map(|(_, points)| points);
    let most = points().map(|(_, value)| *value).fold(1e-9, f64::max) * 1.1;
    let logs = || points().map(|(n, _)| (*n as f64).log10());
    let (from, to) = (logs().fold(f64::MAX, f64::min), logs().fold(0.0, f64::max));
    let x = |n: usize| 60.0 + (right - 60.0) * ((n as f64).log10() - from) / (to - from).max(1e-9);
    let y = |value: f64| bottom - (bottom - top) * value.max(0.0) / most;
    let mut body = String::new();
    for part in 0..=4 {
        let value = most * f64::from(part) / 4.0;
        let _ = writeln!(
            body,
            r##"<line x1="60" x2="{right}" y1="{0:.1}" y2="{0:.1}" stroke="#ddd"/><text x="54" y="{1:.1}" text-anchor="end">{2}</text>"##,
            y(value),
            y(value) + 4.0,
            crate::paired::digits(value),
        );
    }
    let mut counts: Vec<_> = points().map(|(n, _)| *n).collect();
    counts.sort_unstable();
    counts.dedup();
    for n in counts {
        let _ = writeln!(body, r#"<text x="{:.1}" y="350" text-anchor="middle">{n}</text>"#, x(n));
    }
    for (i, (name, points)) in lines.iter().enumerate() {
        let colour = COLOURS[(i + 1) % COLOURS.len()];
        let path: Vec<_> = points.iter().map(|(n, value)| format!("{:.1},{:.1}", x(*n), y(*value))).collect();
        let _ = writeln!(
            body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/><text x="{:.1}" y="{:.1}" fill="{colour}">{}</text>"#,
            path.join(" "),
            right + 8.0,
            60.0 + 18.0 * i as f64,
            escaped(name),
        );
    }
    let _ = writeln!(body, r#"<text x="8" y="44">{}</text>"#, escaped(unit));
    page(title, 365.0, &body)
}

fn page(title: &str, height: f64, body: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="8" y="22" font-size="14" font-weight="bold">{}</text>
{body}</svg>
"##,
        escaped(title)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

//! What a terminal shows, as a picture.

use std::fmt::Write;

/// Of a cell, in pixels: what common monospaced fonts need at this size.
const CELL: (usize, usize) = (9, 20);
const MARGIN: usize = 16;

const STYLE: &str = "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d0d7de;\
white-space:pre}.bold{font-weight:bold}.dim{fill:#8b949e}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}\
.blue{fill:#79c0ff}";

/// Draws lines in the colours of their escape sequences.
pub(crate) fn draw(title: &str, lines: &str, columns: usize) -> String {
    let rows = lines.lines().count();
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n",
        escaped(title)
    );
    for (row, line) in lines.lines().enumerate() {
        let y = MARGIN + row * CELL.1 + CELL.1 * 3 / 4;
        let _ = writeln!(svg, "<text x=\"{MARGIN}\" y=\"{y}\" xml:space=\"preserve\">{}</text>", spans(line));
    }
    svg + "</svg>\n"
}

/// A line's pieces, each in its classes.
fn spans(line: &str) -> String {
    let mut spans = String::new();
    let mut classes: Vec<&str> = Vec::new();
    for (n, piece) in line.split('\u{1b}').enumerate() {
        let text = match piece.strip_prefix('[').and_then(|rest| rest.split_once('m')) {
            Some((codes, text)) if n > 0 => {
                codes.split(';').for_each(|code| colour(&mut classes, code));
                text
            }
            _ => piece,
        };
        match (text, classes.is_empty()) {
            ("", _) => {}
            (text, true) => spans.push_str(&escaped(text)),
            (text, false) => {
                let _ = write!(spans, "<tspan class=\"{}\">{}</tspan>", classes.join(" "), escaped(text));
            }
        }
    }
    spans
}

fn colour(classes: &mut Vec<&'static str>, code: &str) {
    match code {
        "" | "0" => classes.clear(),
        "1" => classes.push("bold"),
        "2" => classes.push("dim"),
        "31" => classes.push("red"),
        "32" => classes.push("green"),
        "33" => classes.push("yellow"),
        "34" => classes.push("blue"),
        other => panic!("a colour that the pictures do not know yet: {other}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

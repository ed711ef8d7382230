//! Quiet tables: columns two blanks apart, no lines. In a narrow terminal the columns that matter least go first.

use unicode_width::UnicodeWidthStr;

use super::Paint;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) align: Align,
    /// The column with the lowest number goes first; `None` stays.
    pub(crate) expendable: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A text, and how it is coloured.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) colour: fn(Paint, &str) -> String,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Cell { text: text.into(), colour: |_, text| text.to_owned() }
    }
}

/// Rows, each with a cell for each column.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

const GAP: usize = 2;

impl Table {
    /// The table as lines. `width` = how many cells the terminal has; `None` = as wide as it gets.
    pub(crate) fn render(&self, width: Option<usize>, paint: Paint) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|i| self.widest(i)).collect();
        let shown = self.shown(&widths, width);
        let mut text = String::new();
        let titles = self
            .columns
            .iter()
            .map(|column| Cell { text: column.title.to_owned(), colour: |paint, text| paint.dim(text) });
        let titles: Vec<Cell> = titles.collect();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let mut line = String::new();
            let mut owed = 0;
            for &i in &shown {
                let (Some(cell), Some(column), Some(wide)) = (row.get(i), self.columns.get(i), widths.get(i)) else {
                    continue;
                };
                let pad = wide.saturating_sub(cell.text.width());
                let (before, behind) = if column.align == Align::Right { (pad, 0) } else { (0, pad) };
                if cell.text.is_empty() {
                    owed += pad + GAP;
                    continue;
                }
                line.push_str(&" ".repeat(owed + before));
                line.push_str(&(cell.colour)(paint, &cell.text));
                owed = behind + GAP;
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn widest(&self, column: usize) -> usize {
        let title = self.columns.get(column).map_or(0, |column| column.title.width());
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width());
        cells.max().unwrap_or(0).max(title)
    }

    fn shown(&self, widths: &[usize], width: Option<usize>) -> Vec<usize> {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let Some(width) = width else { return shown };
        loop {
            let needed: usize = shown.iter().filter_map(|i| widths.get(*i)).map(|w| w + GAP).sum();
            let rank = |i: &usize| self.columns.get(*i).and_then(|column| column.expendable);
            let Some(first) = shown.iter().copied().filter(|i| rank(i).is_some()).min_by_key(rank) else { break };
            if needed.saturating_sub(GAP) <= width {
                break;
            }
            shown.retain(|i| *i != first);
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |title, align, expendable| Column { title, align, expendable };
        let columns = vec![
            column("A", Align::Left, None),
            column("LONG", Align::Right, Some(1)),
            column("B", Align::Left, Some(2)),
            column("C", Align::Left, None),
        ];
        let row = |cells: [&str; 4]| cells.map(Cell::plain).to_vec();
        Table { columns, rows: vec![row(["aaa", "1", "b", "cc"]), row(["é", "", "", "c"])] }
    }

    #[test]
    fn lines_up() {
        let wide = "A    LONG  B  C\naaa     1  b  cc\né             c\n";
        assert_eq!(table().render(None, Paint::Plain), wide);
        assert_eq!(table().render(Some(16), Paint::Plain), wide);
    }

    #[test]
    fn columns_go_when_there_is_no_room() {
        assert_eq!(table().render(Some(15), Paint::Plain), "A    B  C\naaa  b  cc\né       c\n");
        assert_eq!(table().render(Some(9), Paint::Plain), "A    C\naaa  cc\né    c\n");
        assert_eq!(table().render(Some(1), Paint::Plain), "A    C\naaa  cc\né    c\n");
    }
}

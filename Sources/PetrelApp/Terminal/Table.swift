import PetrelCore

/// Rows in columns.
///
/// TextTable was looked at: it does not know wide characters and can't fit a width.
struct Table {
    var columns: [String]
    var rows: [[String]]

    /// The lines of the table, the head first; two blanks between columns.
    /// - Parameter width: the terminal's columns, into which the table is cut; nil leaves every cell whole.
    func lines(width: Int?, style: TextStyle) -> [String] {
        let cells = rows.map { $0.map(VisibleText.line) }
        let widths = fitted(natural(cells), to: width)
        let head = line(columns, widths).map(style.bold)
        return ([head].compactMap(\.self) + cells.compactMap { line($0, widths) })
    }

    /// The lines of the table with borders around every cell, as StackStorm's client draws it.
    func borderedLines(style: TextStyle) -> [String] {
        let cells = rows.map { $0.map(VisibleText.line) }
        let widths = natural(cells)
        let rule = "+" + widths.map { String(repeating: "-", count: $0 + 2) + "+" }.joined()
        func row(_ cells: [String]) -> String {
            "|" + zip(cells, widths).map { " " + $0.padding(to: $1) + " |" }.joined()
        }
        return [rule, row(columns), rule] + cells.map(row) + [rule]
    }

    private func natural(_ cells: [[String]]) -> [Int] {
        columns.indices.map { column in
            cells.reduce(DisplayWidth.of(columns[column])) { max($0, DisplayWidth.of($1[column])) }
        }
    }

    /// Takes columns from the widest until all fit; none gets narrower than eight.
    ///
    /// The first column names the row, so it is cut last.
    private func fitted(_ natural: [Int], to width: Int?) -> [Int] {
        guard let width else { return natural }
        var widths = natural
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
        while excess > 0 {
            let others = widths.dropFirst()
            let isFirst = !others.contains { $0 > 8 }
            guard let widest = isFirst ? widths.first : others.max(), widest > 8,
                let index = isFirst ? 0 : others.lastIndex(of: widest)
            else { break }
            let next = isFirst ? 8 : others.filter { $0 < widest }.max() ?? 8
            let cut = min(excess, max(1, widest - max(8, next)))
            widths[index] -= cut
            excess -= cut
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String? {
        guard !cells.isEmpty else { return nil }
        var line = ""
        for (cell, width) in zip(cells, widths) { line += DisplayWidth.cut(cell, to: width).padding(to: width) + "  " }
        while line.last == " " { line.removeLast() }
        return line
    }
}

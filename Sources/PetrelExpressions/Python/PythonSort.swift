/// A stable merge sort whose comparison may fail, which the standard library's cannot with a typed error.
enum PythonSort {
    /// The items in order; equal ones keep theirs, also when it is reversed.
    static func sorted<Item>(
        _ items: [Item], reverse: Bool = false, _ budget: EvaluationBudget,
        isBefore: (Item, Item) throws(PythonFault) -> Bool
    ) throws(PythonFault) -> [Item] {
        guard items.count > 1 else { return items }
        try budget.work(items.count * (Int.bitWidth - items.count.leadingZeroBitCount))
        var source = items
        var target = items
        var width = 1
        while width < source.count {
            var start = 0
            while start < source.count {
                let middle = min(start + width, source.count)
                let end = min(middle + width, source.count)
                try merge(source, into: &target, start, middle, end, reverse, isBefore)
                start = end
            }
            swap(&source, &target)
            width *= 2
        }
        return source
    }

    private static func merge<Item>(
        _ source: [Item], into target: inout [Item], _ start: Int, _ middle: Int, _ end: Int, _ reverse: Bool,
        _ isBefore: (Item, Item) throws(PythonFault) -> Bool
    ) throws(PythonFault) {
        var left = start
        var right = middle
        for at in start..<end {
            let takesRight: Bool
            if left >= middle || right >= end {
                takesRight = left >= middle
            } else if reverse {
                takesRight = try isBefore(source[left], source[right])
            } else {
                takesRight = try isBefore(source[right], source[left])
            }
            target[at] = source[takesRight ? right : left]
            if takesRight { right += 1 } else { left += 1 }
        }
    }
}

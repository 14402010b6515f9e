import PetrelCore

/// How an error is shown on a terminal: what happened, where, what to do; a line each.
enum ProblemText {
    /// The lines of one error; those without content are left out.
    static func text(_ problem: any AnyProblem, style: TextStyle) -> String {
        var lines = [style.red("error:") + " " + VisibleText.line(problem.message)]
        if let place = problem.location { lines.append("where: " + VisibleText.line(place.description)) }
        if let hint = problem.hint { lines.append("  try: " + VisibleText.line(hint)) }
        return lines.joined(separator: "\n")
    }

    /// A warning in one line.
    static func warning(_ problem: any AnyProblem, style: TextStyle) -> String {
        style.yellow("warning:") + " " + VisibleText.line(problem.description)
    }
}

import PetrelCore

/// A workflow as a drawing: DOT text for Graphviz, or a plain SVG.
public struct WorkflowGraphText: Sendable {
    private let graph: WorkflowGraph
    private var statuses: [Int: WorkflowStatus] = [:]

    /// A drawing of a definition; with a conductor each task has the colour of its latest status.
    public init(_ definition: WorkflowDefinition, of conductor: Conductor? = nil) {
        graph = definition.graph
        for run in conductor?.state.sequence ?? [] { statuses[run.key.node] = run.status }
    }

    /// A directed graph in Graphviz' language.
    public var dot: String {
        var text = "digraph workflow {\n    node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\"];\n"
        for (index, node) in graph.nodes.enumerated() {
            let shape = node.command == nil ? "" : ", shape=oval"
            text += "    n\(index) [label=\(Self.quoted(label(index))), fillcolor=\"\(color(index))\"\(shape)];\n"
        }
        for edge in graph.edges {
            let label = edge.criteria.first?.string.map { " [label=\(Self.quoted($0))]" } ?? ""
            text += "    n\(edge.source) -> n\(edge.target)\(label);\n"
        }
        return text + "}\n"
    }

    private func label(_ index: Int) -> String {
        let node = graph.nodes[index]
        var lines = [node.name]
        if let ref = node.task?.actionRef { lines.append(ref) }
        switch node.barrier {
        case .all: lines.append("join all")
        case .count(let count): lines.append("join \(count)")
        case nil: break
        }
        if let status = statuses[index] { lines.append(status.rawValue) }
        return lines.joined(separator: "\n")
    }

    private func color(_ index: Int) -> String {
        switch statuses[index] {
        case nil, .unset: "#ffffff"
        case .succeeded: "#c8e6c9"
        case .failed, .timeout, .abandoned: "#ffcdd2"
        case .canceled, .canceling: "#e0e0e0"
        case .pending, .paused, .pausing: "#fff9c4"
        default: "#bbdefb"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    // MARK: SVG

    private static let (boxWidth, boxHeight, gapX, gapY) = (200, 64, 40, 56)

    /// A picture in layers, from the start at the top downwards.
    public var svg: String {
        let layers = layers()
        var places: [Int: (x: Int, y: Int)] = [:]
        let columns = layers.map(\.count).max() ?? 1
        let width = columns * (Self.boxWidth + Self.gapX) + Self.gapX
        for (row, layer) in layers.enumerated() {
            let indent = (width - layer.count * (Self.boxWidth + Self.gapX) + Self.gapX) / 2
            for (column, node) in layer.enumerated() {
                places[node] = (
                    indent + column * (Self.boxWidth + Self.gapX), Self.gapY / 2 + row * (Self.boxHeight + Self.gapY)
                )
            }
        }
        let height = layers.count * (Self.boxHeight + Self.gapY)
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        text += "height=\"\(height)\" font-family=\"sans-serif\" font-size=\"12\">\n<defs><marker id=\"tip\" "
        text += "viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
        text += "<path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
        for edge in graph.edges {
            guard let from = places[edge.source], let to = places[edge.target] else { continue }
            text += line(from, to, edge.criteria.first?.string)
        }
        for (index, place) in places.sorted(by: { $0.key < $1.key }) { text += box(index, place) }
        return text + "</svg>\n"
    }

    /// Nodes by their least distance from the start.
    private func layers() -> [[Int]] {
        var depth: [Int: Int] = [:]
        var layer = graph.starts
        var layers: [[Int]] = []
        while !layer.isEmpty {
            for node in layer { depth[node] = layers.count }
            layers.append(layer)
            var next: [Int] = []
            for node in layer {
                for target in graph.nodes[node].outgoing.map({ graph.edges[$0].target })
                where depth[target] == nil && !next.contains(target) {
                    next.append(target)
                }
            }
            layer = next
        }
        return layers
    }

    private func line(_ from: (x: Int, y: Int), _ to: (x: Int, y: Int), _ label: String?) -> String {
        let (startX, startY) = (from.x + Self.boxWidth / 2, from.y + Self.boxHeight)
        let (endX, endY) = (to.x + Self.boxWidth / 2, to.y)
        let bend = endY > startY ? (startY + endY) / 2 : startY + Self.gapY
        var text = "<path d=\"M\(startX) \(startY)C\(startX) \(bend) \(endX) \(endY - Self.gapY / 2) \(endX) \(endY)\" "
        text += "fill=\"none\" stroke=\"#555\" marker-end=\"url(#tip)\">"
        if let label { text += "<title>\(Self.escaped(label))</title>" }
        return text + "</path>\n"
    }

    private func box(_ index: Int, _ place: (x: Int, y: Int)) -> String {
        let lines = label(index).split(separator: "\n")
        var text = "<rect x=\"\(place.x)\" y=\"\(place.y)\" width=\"\(Self.boxWidth)\" height=\"\(Self.boxHeight)\" "
        text += "rx=\"8\" fill=\"\(color(index))\" stroke=\"#333\"/>\n"
        for (number, line) in lines.enumerated() {
            let y = place.y + 18 + number * 15
            text += "<text x=\"\(place.x + Self.boxWidth / 2)\" y=\"\(y)\" text-anchor=\"middle\">"
            text += Self.escaped(String(line.prefix(28))) + "</text>\n"
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case _ where scalar.value < 0x20: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

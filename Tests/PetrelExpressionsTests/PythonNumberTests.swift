import PetrelCore
import Testing

@testable import PetrelExpressions

private var budget: EvaluationBudget { EvaluationBudget(.content) }

private func big(_ text: String) throws -> BigInteger { try #require(BigInteger(digits: text.utf8)) }

@Suite("Python numbers")
struct PythonNumberTests {
    @Test("quotient and remainder of random long numbers make the number again")
    func division() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<3_000 {
            let digits = { (limit: Int) -> String in
                let count = Int.random(in: 1...limit, using: &generator)
                let zeros = Bool.random(using: &generator)
                return (0..<count).map { at in
                    at == 0
                        ? "9"
                        : zeros
                            ? ["0", "9"][Int.random(in: 0...1, using: &generator)]
                            : "\(Int.random(in: 0...9, using: &generator))"
                }.joined()
            }
            let left = try big((Bool.random(using: &generator) ? "-" : "") + digits(90))
            let right = try big((Bool.random(using: &generator) ? "-" : "") + digits(60))
            let (quotient, rest) = try #require(left.floorDivided(by: right))
            #expect(quotient * right + rest == left)
            #expect(rest.isZero || rest.isNegative == right.isNegative)
            #expect(rest.magnitude < right.magnitude)
        }
    }

    @Test("operations that pass 64 bits go on with long numbers, and come back")
    func overflow() throws {
        let most = PythonNumber.integer(.max)
        let sum = try PythonNumber.sum(most, .integer(1), budget)
        #expect(sum.text == "9223372036854775808")
        #expect(try PythonNumber.difference(sum, .integer(1), budget).text == "9223372036854775807")
        let least = PythonNumber.integer(.min)
        #expect(least.negated.text == "9223372036854775808")
        #expect(least.magnitude.text == "9223372036854775808")
        #expect(try PythonNumber.floorQuotient(least, .integer(-1), budget).text == "9223372036854775808")
        #expect(try PythonNumber.remainder(least, .integer(-1), budget).text == "0")
        #expect(try PythonNumber.product(least, .integer(-1), budget).text == "9223372036854775808")
        if case .integer(let number) = try PythonNumber.sum(sum, least, budget) {
            #expect(number == 0)
        } else {
            Issue.record()
        }
    }

    @Test("whole numbers and doubles compare exactly")
    func order() {
        #expect(PythonNumber.order(.integer(9_007_199_254_740_993), .double(9_007_199_254_740_992)) == .greater)
        #expect(PythonNumber.order(.double(1e300), .integer(.max)) == .greater)
        #expect(PythonNumber.order(.integer(1), .double(.nan)) == nil)
        #expect(PythonNumber.order(.integer(.min), .double(-.infinity)) == .greater)
        #expect(PythonNumber.order(.double(0.5), .integer(0)) == .greater)
        #expect(PythonNumber.order(.double(-0.5), .integer(0)) == .less)
    }

    @Test("equal numbers are equal keys, whatever their types")
    func keys() {
        #expect(PythonNumber.double(1).hashable == PythonNumber.integer(1).hashable)
        #expect(PythonNumber.double(1e20).hashable == PythonNumber(BigInteger(truncating: 1e20)).hashable)
        #expect(PythonNumber.double(1.5).hashable != PythonNumber.integer(1).hashable)
    }

    @Test(
        "doubles have the shortest text that Python shows",
        arguments: [
            (0.1, "0.1"), (1e16, "1e+16"), (9_999_999_999_999_998.0, "9999999999999998.0"), (1e-4, "0.0001"),
            (1e-5, "1e-05"), (123_456_789_012_345_680, "1.2345678901234568e+17"), (-0.0, "-0.0"), (5e-324, "5e-324"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"), (100, "100.0"), (1e22, "1e+22"),
            (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
        ])
    func floatText(number: Double, text: String) { #expect(PythonFloat.text(number) == text) }

    @Test("powers and products that would take too much are refused at once")
    func bounds() {
        let nine = PythonNumber.integer(9)
        for exponent in [1 << 19, 1 << 40, Int.max] {
            #expect(throws: PythonFault.self) { try PythonNumber.power(nine, .integer(exponent), budget) }
        }
        #expect(throws: Never.self) { try PythonNumber.power(nine, .integer(10_000), EvaluationBudget(.content)) }
        #expect(throws: Never.self) { try PythonNumber.power(.integer(1), .integer(.max), budget) }
    }

    @Test("texts become whole numbers by Python's rules, or are refused in its words")
    func parsing() throws {
        #expect(try PythonInteger.parse(" 1_000 ").text == "1000")
        #expect(try PythonInteger.parse("-0x_ff", base: 0).text == "-255")
        #expect(try PythonInteger.parse("zz", base: 36).text == "1295")
        #expect(try PythonInteger.parse("٣").text == "3")
        for text in ["", "_1", "1_", "1__0", "0x1", "+-1", "1 2", "١_"] {
            let fault = #expect(throws: PythonFault.self) { try PythonInteger.parse(text) }
            #expect(fault?.message == "invalid literal for int() with base 10: \(PythonText.quoted(text))")
        }
        #expect(throws: PythonFault.self) { try PythonInteger.parse(String(repeating: "1", count: 5_000)) }
        #expect(throws: PythonFault.self) { try PythonInteger.parse("010", base: 0) }
    }

    @Test("values are equal and ordered as Python has it")
    func values() throws {
        let budget = EvaluationBudget(.content)
        #expect(try PythonValues.equal([1, 1.0, true], [true, 1, 1.0], budget))
        #expect(try !PythonValues.equal("1", 1, budget))
        #expect(try PythonValues.equal(["a": 1, "b": 2], ["b": 2, "a": 1], budget))
        #expect(try !PythonValues.equal("é", "e\u{301}", budget))
        #expect(try PythonValues.order([1, 2], [1, 3], budget) == .less)
        #expect(try PythonValues.order("Z", "a", budget) == .less)
        let fault = #expect(throws: PythonFault.self) { _ = try PythonValues.order(1, "a", symbol: ">=", budget) }
        #expect(fault?.message == "'>=' not supported between instances of 'int' and 'str'")
    }

    @Test("a search in a text is linear, whatever stands in it")
    func search() throws {
        let text = String(repeating: "a", count: 200_000)
        let needle = String(repeating: "a", count: 20_000) + "b"
        #expect(PythonText.offsets(of: needle, in: text) == [])
        #expect(PythonText.offsets(of: "aa", in: "aaaaa") == [0, 2])
        #expect(try PythonText.split(text + "b", separator: needle, limit: -1, budget).count == 2)
        #expect(try PythonText.splitFromEnd("a.b.c", separator: ".", limit: 1, budget) == ["a.b", "c"])
        #expect(try PythonText.split(" é\u{3000}b\u{85} c ", budget) == ["é", "b", "c"])
        #expect(try PythonText.split(" a  b c ", limit: 1, budget) == ["a", "b c "])
        #expect(try PythonText.splitFromEnd(" a  b c ", limit: 1, budget) == [" a  b", "c"])
    }
}

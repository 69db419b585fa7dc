import Testing

@testable import Lang

@Suite struct EvaluatorTests {
  @Test(
    "expressions have the values a reader expects",
    arguments: [
      ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 / 2", "3.5"), ("7 // 2", "3"), ("-7 // 2", "-4"), ("-7 % 3", "2"),
      ("2 ** 10", "1024"), ("2 ** 3 ** 2", "512"), ("-2 ** 2", "-4"), ("4Ki", "4096"), ("1_000", "1000"),
      ("64MiB", "64MiB"), ("30%", "30%"), ("30% * 512", "153.6"), ("10 % 3", "1"), ("10%3", "1"), ("1.5e-3", "0.0015"),
      ("64MiB / 2", "32MiB"), ("1MiB + 1MiB", "2MiB"), ("50% * 4KiB", "2KiB"), ("4KiB / 1KiB", "4.0"),
      ("1 < 2 and not 2 < 1", "true"), ("\"a\" + 'b'", "\"ab\""), ("let x = 3\n\"x is {x + 1}\"", "\"x is 4\""),
      ("\"{\"a{1}\"}b\"", "\"a1b\""), ("[1, 2] + [3]", "[1, 2, 3]"), ("{bits: 2}.bits", "2"),
      ("{\"a b\": 1}", "{\"a b\": 1}"),
      ("[1,2,3][-1]", "3"), ("[1,2,3][0:2]", "[1, 2]"), ("[[1,2],[3,4]][1, 0]", "3"), ("\"héllo\"[1]", "\"é\""),
      ("1..3", "1..3"), ("(1..10 by 3) | map(x -> x * 2)", "[2, 8, 14, 20]"),
      ("10..1 by -4 | map(x -> x)", "[10, 6, 2]"),
      ("3 in [1,2,3]", "true"), ("\"b\" in \"abc\"", "true"), ("if 1 < 2 { \"y\" } else { \"n\" }", "\"y\""),
      ("let a = if false { 1 } else if true { 2 } else { 3 }\na", "2"),
      ("def f(a, b=2) { a * b }\nf(3) + f(3, b=5)", "21"),
      ("def fact(n) { if n < 2 { return 1 }\n n * fact(n - 1) }\nfact(10)", "3628800"),
      ("let t = 0\nfor i in 1..10 { if i == 3 { continue }\n if i == 6 { break }\n t += i }\nt", "12"),
      ("let n = 0\nwhile n < 5 { n = n + 1 }\nn", "5"), ("[3,1,2] | sort | map(x -> x + 1)", "[2, 3, 4]"),
      ("let k = 10\nlet f = x -> x + k\nf(1)", "11"), ("let add = a -> b -> a + b\nadd(1)(2)", "3"),
      ("try { 1 / 0 } catch e { e.code }", "\"K042\""), ("let r = try { [1][5] } catch { 7 }\nr", "7"),
      ("[1,2,3] | sum", "6"), ("mean([1,2,3,4])", "2.5"), ("quantile([1,2,3,4], 50%)", "2.5"),
      ("std([1,3])", "1.4142135623730951"),
      ("zip([1,2],[\"a\",\"b\"])", "[[1, \"a\"], [2, \"b\"]]"), ("fold([1,2,3], 0, (a, b) -> a + b)", "6"),
      ("let xs = []\nfor i in 1..3 { xs = xs + [i * i] }\nxs", "[1, 4, 9]"), ("[1, 2\n, 3]\n| len", "3"),
      ("def outer() { def inner(n) { if n == 0 { return \"done\" }\n inner(n - 1) }\n inner(3) }\nouter()", "\"done\""),
      (
        "def odd(n) { if n == 0 { return false }\n even(n - 1) }\ndef even(n) { if n == 0 { return true }\n odd(n - 1) }\nodd(7)",
        "true"
      ),
      ("let b = 4\ncompress kivi bits=b", "[kivi bits=4]"), ("compress kivi bits=[2,4]", "[kivi bits=2, kivi bits=4]"),
      ("compress [kivi(bits=8), h2o(budget=512)]", "[kivi bits=8 group=32 residual=128, h2o budget=512]"),
      ("compress kivi bits=2 | run sharegpt n=10 | plot lengthdiff", "lengthdiff of 10 rows, 20 bins"),
      (
        "compress kivi bits=[2,4] group=64\n  | run sharegpt n=10\n  | plot lengthdiff bins=7",
        "lengthdiff of 20 rows, 7 bins"
      ),
      ("let m = \"kivi\"\ncompress (m) bits=8", "[kivi bits=8]"), ("compress h2o/rethinking", "[h2o/rethinking]"),
      ("kivi(bits=4).label", "\"kivi bits=4 group=32 residual=128\""), ("[kivi] | len", "1"),
      ("import \"lib.kvs\"\ntwice(4)", "8"),
      // Ranges: as numbers of a list, and by a factor.
      ("[1..3, 8]", "[1, 2, 3, 8]"), ("[(1..3), 8]", "[1..3, 8]"),
      ("[256..4096 by x2]", "[256, 512, 1024, 2048, 4096]"),
      ("3..100 by x3", "[3, 9, 27, 81]"), ("5..4 by x2", "[]"),
      ("let n = 2\n[1..n, n..16 by x2]", "[1, 2, 2, 4, 8, 16]"),
      ("1..9223372036854775807 by x3 | len", "40"),
      ("compress kivi bits=[2..8 by x2]", "[kivi bits=2, kivi bits=4, kivi bits=8]"),
      // Subscripts for several axes, and lists of places.
      ("[[1, 2], [3, 4]][:, 0]", "[1, 3]"), ("[[1, 2, 3], [4, 5, 6]][0:1, 1:]", "[[2, 3]]"),
      ("[[[1], [2]], [[3], [4]]][:, 1, 0]", "[2, 4]"), ("[5, 6, 7][[0, -1, 0]]", "[5, 7, 5]"),
      ("[5, 6, 7, 8][1..3 by 2]", "[6, 8]"),
      ("\"abc\"[[2, 0]]", "\"ca\""), ("(table {a: [1, 2], b: [3, 4]})[:, \"b\"]", "[3, 4]"),
      ("(table {a: [1, 2]})[1, \"a\"]", "2"), ("(table {a: [1, 2, 3]})[[2, 0]] | select a", "a\n3\n1"),
      // Parts of variables.
      ("let r = {a: [1, 2]}\nr.a[0] = 5\nr.b = {}\nr.b.c = 1\nr", "{a: [5, 2], b: {c: 1}}"),
      ("let r = {a: 1}\nlet s = r\ns.a += 2\n[r.a, s.a]", "[1, 3]"),
      ("let x = [[1], [2]]\nx[1, 0] = x\nx", "[[1], [[[1], [2]]]]"),
      ("def f(x) { x[0] = 9\n x }\nlet a = [1]\n[f(a), a]", "[[9], [1]]"),
      ("let r = {}\nr[\"a b\"] = 1\nr", "{\"a b\": 1}"),
      ("let t = table {a: [1, 2]}\nt.b = [3, 4]\nt.a = 0\nt[1]", "{a: 0, b: 4}"),
      ("let xs = [1, 2, 3]\nfor i in 0..2 { xs[i] *= 10 }\nxs", "[10, 20, 30]"),
      // Repetition, membership, texts and records.
      ("\"ab\" * 3", "\"ababab\""), ("2 * [1, 2]", "[1, 2, 1, 2]"), ("\"ab\" * -1", "\"\""),
      ("2 not in [1, 2]", "false"),
      ("not 2 not in [1]", "false"), ("let s = \"a\"\ns += \"b\"\ns", "\"ab\""),
      ("lines(\"a\\nb\\r\\n\")", "[\"a\", \"b\"]"),
      ("[starts(\"kivi\", \"ki\"), ends(\"kivi\", \"ki\")]", "[true, false]"),
      ("flatten([[1], 2, [[3]]])", "[1, 2, [3]]"),
      ("merge({a: 1, b: 2}, {b: 3, c: 4})", "{a: 1, b: 3, c: 4}"), ("without({a: 1, b: 2}, \"a\")", "{b: 2}"),
      ("without([1, 2, 1], [1])", "[2]"), ("list(1..3)", "[1, 2, 3]"),
      // Problems as values.
      (
        "try { fail(\"no\") } catch e { [e.code, e.message, e.hint, e.where] }",
        "[\"K056\", \"no\", nil, \"t.kvs:1:7\"]"
      ),
      ("try { try { 1 / 0 } catch e { fail(e) } } catch e { [e.code, e.line, e.text] }", "[\"K042\", 1, \"fail(e)\"]"),
      ("def f(x) { if x { return \"early\" }\n \"late\" }\n[f(true), f(false)]", "[\"early\", \"late\"]"),
      ("def f(xs) { for x in xs { if x > 1 { return x } }\n nil }\nf([1, 2, 3])", "2"),
      ("def f(a, b=a * 2) { \"{a} {b}\" }\nf", "f(a, b=a * 2)"), ("def f(a, b=a * 2) { \"{a} {b}\" }\nf(3)", "\"3 6\""),
    ])
  func values(text: String, expected: String) {
    #expect(outcome(text, files: ["lib.kvs": "## doubles\ndef twice(x) { x * 2 }"]) == expected)
  }
}

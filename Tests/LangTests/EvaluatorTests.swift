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
    ])
  func values(text: String, expected: String) {
    #expect(outcome(text, files: ["lib.kvs": "## doubles\ndef twice(x) { x * 2 }"]) == expected)
  }
}

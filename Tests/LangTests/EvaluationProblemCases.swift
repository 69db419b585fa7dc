/// Texts with a mistake and what is said about them, word for word.
let evaluationProblemCases: [ProblemCase] = [
  ProblemCase(
    #"""
    "a" + 1
    """#,
    #"""
    t.kvs:1:1: error K040: `+` does not join a string and a whole number
      1 | "a" + 1
        | ^^^^^^^
    """#),
  ProblemCase(
    #"""
    - "a"
    """#,
    #"""
    t.kvs:1:1: error K040: `-` does not apply to a string
      1 | - "a"
        | ^^^^^
    """#),
  ProblemCase(
    #"""
    9223372036854775807 + 1
    """#,
    #"""
    t.kvs:1:1: error K041: the result does not fit a 64-bit whole number
      1 | 9223372036854775807 + 1
        | ^^^^^^^^^^^^^^^^^^^^^^^
      hint: compute with floats: `1.0 * x`
    """#),
  ProblemCase(
    #"""
    1 // 0
    """#,
    #"""
    t.kvs:1:1: error K042: division by zero
      1 | 1 // 0
        | ^^^^^^
    """#),
  ProblemCase(
    #"""
    if 1 { 2 }
    """#,
    #"""
    t.kvs:1:4: error K043: a condition is a whole number
      1 | if 1 { 2 }
        |    ^
      expected: true or false
    """#),
  ProblemCase(
    #"""
    [1, 2][5]
    """#,
    #"""
    t.kvs:1:8: error K044: there is no element 5
      1 | [1, 2][5]
        |        ^
      expected: 0 to 1, or -1 for the last
    """#),
  ProblemCase(
    #"""
    [1, 2]["a"]
    """#,
    #"""
    t.kvs:1:8: error K045: a list is not indexed by a string
      1 | [1, 2]["a"]
        |        ^^^
    """#),
  ProblemCase(
    #"""
    for x in 5 { x }
    """#,
    #"""
    t.kvs:1:10: error K046: a whole number has no elements to go through
      1 | for x in 5 { x }
        |          ^
      expected: list, range, record, table or string
    """#),
  ProblemCase(
    #"""
    def f(n) { f(n + 1) }
    f(0)
    """#,
    #"""
    t.kvs:1:12: error K047: functions call each other 1000 levels deep
      1 | def f(n) { f(n + 1) }
        |            ^^^^^^^^
      hint: use a loop, or check what ends the recursion
    """#),
  ProblemCase(
    #"""
    assert 1 == 2
    """#,
    #"""
    t.kvs:1:8: error K050: `1 == 2` is false
      1 | assert 1 == 2
        |        ^^^^^^
      expected: true
    """#),
  ProblemCase(
    #"""
    assert 1 == 2, "one is not two"
    """#,
    #"""
    t.kvs:1:8: error K050: one is not two
      1 | assert 1 == 2, "one is not two"
        |        ^^^^^^
      expected: true
    """#),
  ProblemCase(
    #"""
    let f = x -> x
    f(1, 2)
    """#,
    #"""
    t.kvs:2:1: error K051: the function is given 2 arguments
      2 | f(1, 2)
        | ^^^^^^^
      expected: 1
    """#),
  ProblemCase(
    #"""
    let f = x -> x
    f()
    """#,
    #"""
    t.kvs:2:1: error K051: the function lacks its argument `x`
      2 | f()
        | ^^^
    """#),
  ProblemCase(
    #"""
    sqrt("a")
    """#,
    #"""
    t.kvs:1:1: error K052: `sqrt` is given a string
      1 | sqrt("a")
        | ^^^^^^^^^
      expected: number
    """#),
  ProblemCase(
    #"""
    sqrt(-1)
    """#,
    #"""
    t.kvs:1:1: error K053: `sqrt`: -1 has no square root
      1 | sqrt(-1)
        | ^^^^^^^^
    """#),
  ProblemCase(
    #"""
    print(later)
    let later = 1
    """#,
    #"""
    t.kvs:1:7: error K054: `later` has no value yet
      1 | print(later)
        |       ^^^^^
    """#),
  ProblemCase(
    #"""
    5(3)
    """#,
    #"""
    t.kvs:1:1: error K055: a whole number cannot be called
      1 | 5(3)
        | ^
      expected: function
    """#),
  ProblemCase(
    #"""
    import "missing.kvs"
    """#,
    #"""
    t.kvs:1:8: error K060: cannot read missing.kvs: no such file
      1 | import "missing.kvs"
        |        ^^^^^^^^^^^^^
    """#),
  ProblemCase(
    #"""
    import "self.kvs"
    """#,
    #"""
    self.kvs:1:8: error K061: self.kvs imports itself, directly or through others
      1 | import "self.kvs"
        |        ^^^^^^^^^^
    """#),
  ProblemCase(
    #"""
    mean([])
    """#,
    #"""
    t.kvs:1:1: error K053: `mean`: there are no values
      1 | mean([])
        | ^^^^^^^^
    """#),
  ProblemCase(
    #"""
    [1, "a"] | sum
    """#,
    #"""
    t.kvs:1:12: error K052: `sum` is given a list of string
      1 | [1, "a"] | sum
        |            ^^^
      expected: list of numbers
    """#),
  ProblemCase(
    #"""
    1..1000000000000 | map(x -> x)
    """#,
    #"""
    t.kvs:1:20: error K049: this list would have more than 50000000 elements
      1 | 1..1000000000000 | map(x -> x)
        |                    ^^^^^^^^^^^
    """#),
  ProblemCase(
    #"""
    "a" in 5
    """#,
    #"""
    t.kvs:1:1: error K040: `in` does not join a string and a whole number
      1 | "a" in 5
        | ^^^^^^^^
    """#),
  ProblemCase(
    #"""
    fail("the table is empty")
    """#,
    #"""
    t.kvs:1:1: error K056: the table is empty
      1 | fail("the table is empty")
        | ^^^^^^^^^^^^^^^^^^^^^^^^^^
    """#),
  ProblemCase(
    #"""
    0..10 by x2
    """#,
    #"""
    t.kvs:1:1: error K053: `..`: a range by x2 begins above 0
      1 | 0..10 by x2
        | ^
    """#),
  ProblemCase(
    #"""
    1..10 by x1
    """#,
    #"""
    t.kvs:1:10: error K053: `..`: each number is at least twice the one before
      1 | 1..10 by x1
        |          ^^
    """#),
  ProblemCase(
    #"""
    let x = 5
    x[0] = 1
    """#,
    #"""
    t.kvs:2:3: error K045: this part of a whole number cannot be assigned
      2 | x[0] = 1
        |   ^
      expected: an element of a list, a field of a record or a column of a table
    """#),
  ProblemCase(
    #"""
    let t = table {a: [1, 2]}
    t.b = [1]
    """#,
    #"""
    t.kvs:2:3: error K045: 1 values for a table of 2 rows
      2 | t.b = [1]
        |   ^
      expected: one value a row, or one for all
    """#),
  ProblemCase(
    #"""
    [1, 2][:, 0]
    """#,
    #"""
    t.kvs:1:11: error K045: a whole number is not indexed by a whole number
      1 | [1, 2][:, 0]
        |           ^
    """#),
  ProblemCase(
    #"""
    let x = []
    for i in 1..1000 { x = {a: x} }
    """#,
    #"""
    t.kvs:2:24: error K008: this value is nested too deeply
      2 | for i in 1..1000 { x = {a: x} }
        |                        ^^^^^^
      expected: at most 500 levels of lists and records
    """#),
  ProblemCase(
    #"""
    table [{n: 1, D: 2}, {n: 1, D: 3}] | pivot n D by=n
    """#,
    #"""
    t.kvs:1:46: error K053: `pivot`: a cell of column `1` has 2 rows
      1 | table [{n: 1, D: 2}, {n: 1, D: 3}] | pivot n D by=n
        |                                              ^
      expected: one value a cell
      hint: say what becomes of them: `mean(D)`
    """#),
]

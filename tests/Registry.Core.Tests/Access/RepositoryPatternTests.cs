using System.Text.RegularExpressions;
using CsCheck;
using Registry.Core.Access.Rules;
using Registry.Core.Oci;

namespace Registry.Core.Tests.Access;

public class RepositoryPatternTests
{
    [Theory]
    [InlineData("team-*", "team-a", true)]
    [InlineData("team-*", "team-b", true)]
    [InlineData("team-*", "team-a/app", false)]
    [InlineData("team-a/*", "team-a/app", true)]
    [InlineData("team-a/*", "team-a/app/x", false)]
    [InlineData("org/**", "org/app", true)]
    [InlineData("org/**", "org/team/app", true)]
    [InlineData("org/**", "org", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("a", "ab", false)]
    public void Matches_as_the_guide_says(string pattern, string name, bool expected) =>
        Assert.Equal(expected, Matches(RepositoryPattern.TryParse(pattern)!, name));

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("a b")]
    [InlineData("a?")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    public void Refuses_what_no_name_has(string pattern) => Assert.Null(RepositoryPattern.TryParse(pattern));

    [Fact]
    public void Agrees_with_a_regular_expression() => Gen.Select(
        Gen.Char["ab*"].Array[1, 4].Array[1, 4], Gen.Char["ab"].Array[1, 3].Array[1, 4]).Sample((parts, segments) =>
    {
        var pattern = string.Join('/', parts.Select(part => new string(part)));
        var name = string.Join('/', segments.Select(segment => new string(segment)));
        var regex = "^" + Regex.Replace(pattern, @"\*\*?", star => star.Value == "**" ? ".*" : "[^/]*") + @"\z";
        return Matches(RepositoryPattern.TryParse(pattern)!, name) == Regex.IsMatch(name, regex);
    });

    // However many stars: tried one way after the other, this would not end in a lifetime.
    [Fact]
    public void The_longest_pattern_with_the_most_stars_is_decided()
    {
        var pattern = RepositoryPattern.TryParse(string.Concat(Enumerable.Repeat("*a", RepositoryPattern.MaxLength / 2)))!;
        Assert.False(Matches(pattern, new string('a', 255)));
    }

    [Theory]
    [InlineData("org/app", "org/app", "org/app\0", true)]
    [InlineData("org/**", "org/", "org0", true)]
    [InlineData("org/*", "org/", "org0", false)]
    [InlineData("org/**/x", "org/", "org0", false)]
    [InlineData("**", "", "{", true)]
    [InlineData("*", "", "{", false)]
    public void Knows_where_the_names_that_match_are(string pattern, string start, string end, bool covers)
    {
        var parsed = RepositoryPattern.TryParse(pattern)!;
        Assert.Equal(new RepositoryRange(start, end), parsed.Range);
        Assert.Equal(covers, parsed.CoversRange);
    }

    private static bool Matches(RepositoryPattern pattern, string name) =>
        RepositoryName.TryParse(name, out var parsed) && pattern.Matches(parsed);
}

using System.Text.RegularExpressions;
using CsCheck;
using Registry.Core.Access;
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

    // However many stars: a pattern must not be a way to keep a core busy.
    [Fact]
    public void The_longest_pattern_with_the_most_stars_takes_no_time()
    {
        var pattern = RepositoryPattern.TryParse(string.Concat(Enumerable.Repeat("*a", RepositoryPattern.MaxLength / 2)))!;
        var started = TimeProvider.System.GetTimestamp();
        Assert.False(Matches(pattern, new string('a', 255)));
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    private static bool Matches(RepositoryPattern pattern, string name) =>
        RepositoryName.TryParse(name, out var parsed) && pattern.Matches(parsed);
}

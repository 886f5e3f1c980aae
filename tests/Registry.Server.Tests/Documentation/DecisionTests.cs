using System.Globalization;
using System.Text.RegularExpressions;

namespace Registry.Server.Tests.Documentation;

/// <summary>The records of docs/decisions: each has its number, date and status, and the list has them all.</summary>
public sealed partial class DecisionTests
{
    private static readonly string Folder = SourceTree.Locate("docs", "decisions");

    public static TheoryData<string> Records => [.. Directory.EnumerateFiles(Folder, "*.md").Select(path => Path.GetFileName(path)!)
        .Where(name => name != "README.md").Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Records))]
    public void A_record_has_a_number_a_title_a_date_and_a_status(string name)
    {
        var head = Head(name);

        Assert.Equal(name[..4], head.Groups["number"].Value.PadLeft(4, '0'));
        Assert.NotEmpty(head.Groups["title"].Value);
        Assert.True(
            DateOnly.TryParseExact(head.Groups["date"].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            $"{name} has no date");
        if (Superseded().Match(head.Groups["status"].Value) is { Success: true } superseded)
        {
            Assert.True(File.Exists(Path.Combine(Folder, superseded.Groups["by"].Value)), $"{name} names a record that is not there");
        }
        else
        {
            Assert.Equal("accepted", head.Groups["status"].Value);
        }
    }

    [Fact]
    public void The_list_has_every_record_with_its_date_and_status_in_order() => Assert.Equal(
        Records.Select(row => row.Data).Select(name => (Name: name, Head: Head(name)))
            .Select(record => $"[{record.Head.Groups["number"]}]({record.Name}) {record.Head.Groups["date"]} {record.Head.Groups["status"]}"),
        Document.Read("docs/decisions/README.md").Rows("Decisions").Where(row => row[0].StartsWith('[')).Select(row => $"{row[0]} {row[2]} {row[3]}"));

    [Fact]
    public void No_number_is_used_twice() =>
        Assert.Distinct(Records.Select(row => row.Data[..4]));

    [Fact]
    public void Numbers_below_15_that_have_no_record_are_explained()
    {
        var missing = Enumerable.Range(1, 15).Where(number => !Records.Any(row => row.Data.StartsWith($"{number:0000}", StringComparison.Ordinal)));

        var explained = Unrecorded().Match(Document.Read("docs/decisions/README.md").Text);

        Assert.Equal(missing, Number().Matches(explained.Value).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture)));
    }

    private static Match Head(string name)
    {
        var head = RecordHead().Match(File.ReadAllText(Path.Combine(Folder, name)));
        return head.Success
            ? head
            : throw new InvalidOperationException($"{name} does not begin with '# NUMBER. TITLE', an empty line, and 'DATE · STATUS'.");
    }

    [GeneratedRegex(@"\A# (?<number>\d+)\. (?<title>.+)\n\n(?<date>[\d-]+) · (?<status>.+)\n")]
    private static partial Regex RecordHead();

    [GeneratedRegex(@"^superseded by \[\d+\]\((?<by>[\w-]+\.md)\)$")]
    private static partial Regex Superseded();

    [GeneratedRegex(@"(?:\d+, )*\d+ and \d+ have no record")]
    private static partial Regex Unrecorded();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}

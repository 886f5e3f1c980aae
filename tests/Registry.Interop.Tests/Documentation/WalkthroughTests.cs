namespace Registry.Interop.Tests.Documentation;

/// <summary>A wrong document fails.</summary>
public sealed class WalkthroughTests
{
    [Fact]
    public async Task The_blocks_are_one_session_and_an_ellipsis_stands_for_text_and_for_lines()
    {
        (int exitCode, string[] differences) = await RunAsync(
            """
            ```bash
            answer() { echo "the answer is $1"; }
            ```

            ```json
            {}
            ```

            <!-- exit code 3 -->
            ```bash
            answer 42; echo more; echo and more; echo last >&2
            (exit 3)
            ```

            ```text
            the answer … 42
            …
            last
            ```
            """);

        Assert.Equal(0, exitCode);
        Assert.Empty(differences);
    }

    [Theory]
    [InlineData("one\ntwo")]
    [InlineData("one")]
    [InlineData("one\ntwo\nthree\nfour")]
    [InlineData("one\n… t\nthree")]
    public async Task Output_that_is_not_what_the_document_shows_is_a_difference(string shown)
    {
        (int exitCode, string[] differences) = await RunAsync($"```bash\nprintf 'one\\ntwo\\nthree\\n'\n```\n\n```text\n{shown}\n```\n");

        Assert.Equal(0, exitCode);
        Assert.Contains($"instead of\n{shown}", Assert.Single(differences), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "false\ntrue")]
    [InlineData("", "false | true")]
    [InlineData("<!-- exit code 1 -->\n", "true")]
    [InlineData("<!-- exit code 1 -->\n", "(exit 2)")]
    public async Task A_command_that_ends_in_another_way_than_the_document_says_ends_the_session(string comment, string command)
    {
        (int exitCode, _) = await RunAsync($"{comment}```bash\n{command}\n```\n\n```bash\necho never\n```\n\n```text\nnever\n```\n");

        Assert.NotEqual(0, exitCode);
    }

    private static async Task<(int ExitCode, string[] Differences)> RunAsync(string markdown)
    {
        var walkthrough = Walkthrough.Parse(markdown + "\n");
        CommandResult result = await new Command("bash", "bash").TryRunAsync("-c", walkthrough.ToScript());
        return (result.ExitCode, [.. walkthrough.Differences(result.AllOutput)]);
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands;
using Registry.Server.Configuration;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Commands;

/// <summary>The tree of commands: help, examples, and what is said of arguments that make no sense.</summary>
public sealed class CommandLineTests
{
    private static readonly RootCommand Root = CommandLine.Create(
        new CommandContext(new Dictionary<string, string>(), TextWriter.Null, TextWriter.Null, _ => NullLoggerFactory.Instance));

    public static TheoryData<string> Paths => [.. All(Root).Select(CommandLine.PathOf)];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_command_explains_itself(string path)
    {
        var words = path.Split(' ')[1..];
        var command = All(Root).Single(command => CommandLine.PathOf(command) == path);

        var help = await CommandRun.OfAsync([.. words, "--help"]);

        Assert.Equal(0, help.ExitCode);
        Assert.Empty(help.Error);
        Assert.StartsWith($"Usage: {path}", help.Output, StringComparison.Ordinal);
        Assert.Equal(help, await CommandRun.OfAsync([.. words, "-h"]));
        Assert.All(help.Output.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.All(command.Children, child => Assert.False(string.IsNullOrEmpty(child.Description), $"{path}: {child.Name} says nothing"));
        Assert.All(command.Children, child => Assert.Contains(child.Name, help.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_command_that_does_something_has_examples_that_are_understood()
    {
        Assert.All(All(Root).Where(command => command is { Action: not null } and not RootCommand), command =>
        {
            var examples = Assert.IsType<DescribedCommand>(command).Examples;
            Assert.NotEmpty(examples);
            Assert.All(examples, example =>
            {
                // What a shell takes away: quotes, and where the output goes.
                var words = CommandLineParser.SplitCommandLine(example.Split(" > ")[0]).Select(word => word.Trim('\'')).ToArray();
                Assert.Equal("registry", words[0]);
                var parsed = CommandLine.Parse(Root, words[1..]);
                Assert.Empty(parsed.Errors);
                Assert.True(parsed.CommandResult.Command == command || command.Name == "serve", example);
            });
        });
    }

    [Fact]
    public void Every_command_has_its_row_in_the_documents()
    {
        var rows = Document.Read("docs/configuration.md").Rows("Commands").Select(row => row[0]).ToList();

        Assert.All(All(Root).Where(command => command.Action is not null), command => Assert.Contains(
            rows, row => row.Contains(CommandLine.PathOf(command), StringComparison.Ordinal)));
    }

    [Fact]
    public void No_option_of_a_command_hides_a_setting()
    {
        var settings = VariableNames.All.Select(SettingSources.OptionOf).ToList();

        Assert.Equal(settings.Count, settings.Distinct().Count());
        Assert.Empty(All(Root).Where(command => command is not RootCommand).SelectMany(command => command.Options.Select(option => option.Name)).Intersect(settings));
        Assert.All(settings, option => Assert.Matches("^--[a-z][a-z0-9]*(-[a-z0-9]+)*$", option));
    }

    [Theory]
    [InlineData("dance", "there is no command 'dance'. 'registry --help' says what there is.")]
    [InlineData("servr", "there is no command 'servr'; did you mean 'serve'? 'registry --help' says what there is.")]
    [InlineData("user ad x", "there is no command 'user ad'; did you mean 'add'? 'registry user --help' says what there is.")]
    [InlineData("user", "'registry user' needs one of add, remove, list. 'registry user --help' says what there is.")]
    [InlineData("--stroage-path=x", "there is no option '--stroage-path'; did you mean '--storage-path'? 'registry --help' says what there is.")]
    [InlineData("gc --dryrun", "there is no option '--dryrun'; did you mean '--dry-run'? 'registry gc --help' says what there is.")]
    [InlineData("gc now", "'now' is one argument too many for 'registry gc'. 'registry gc --help' says what there is.")]
    [InlineData("gc --force --dry-run", "--dry-run, --force and --explain exclude each other. 'registry gc --help' says what there is.")]
    [InlineData("gc --explain 12", "'12' is not a digest; it looks like sha256:e3b0c442…, with all 64 digits. 'registry gc --help' says what there is.")]
    [InlineData("user add", "required argument 'NAME' missing for command: 'add'. 'registry user add --help' says what there is.")]
    [InlineData("completion csh", "'csh' is not a shell that is known; allowed: bash, zsh, fish. 'registry completion --help' says what there is.")]
    [InlineData("config --port", "required argument missing for option: '--port'. 'registry config --help' says what there is.")]
    [InlineData("@file", "there is no command '@file'. 'registry --help' says what there is.")]
    public async Task Wrong_usage_is_one_line_that_says_what_is_right(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandRun.OfAsync(arguments.Split(' ')));

    [Theory]
    [InlineData("registry ver", "verify,version")]
    [InlineData("registry user ", "add,list,remove")]
    [InlineData("registry gc --dr", "--dry-run")]
    [InlineData("registry serve --log-level ", "debug,error,info,warn")]
    [InlineData("registry --storage-p", "--storage-path")]
    [InlineData("registry completion ", "bash,fish,zsh")]
    [InlineData("registry access explain alice ", "delete,pull,push")]
    public async Task Words_are_completed(string line, string expected)
    {
        var completed = await CommandRun.OfAsync($"[suggest:{line.Length}]", line);

        Assert.Equal(0, completed.ExitCode);
        var words = completed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected.Split(','), words.Where(word => word.StartsWith(line.Split(' ')[^1], StringComparison.Ordinal) && (line[^1] != ' ' || word[0] != '-')).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--version", "0.1.0\n")]
    [InlineData("version", "0.1.0\n")]
    [InlineData("version --json", "{\n  \"version\": \"0.1.0\"\n}\n")]
    public async Task The_version_is_printed(string arguments, string output) =>
        Assert.Equal(new CommandRun(0, output, ""), await CommandRun.OfAsync(arguments.Split(' ')));

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}

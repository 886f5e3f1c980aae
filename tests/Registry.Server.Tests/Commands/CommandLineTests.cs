using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Commands;
using Registry.Server.Configuration;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Commands;

/// <summary>The tree of commands: help, examples, and messages about wrong arguments.</summary>
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
        Assert.All(help.Output.Split('\n'), line => Assert.True(line.Length <= 80 || line.TrimStart().StartsWith("registry ", StringComparison.Ordinal), line));
        Assert.Equal(help, await CommandRun.OfAsync(["help", .. words]));
        Assert.All(command.Children, child => Assert.False(string.IsNullOrEmpty(child.Description), $"{path}: {child.Name} says nothing"));
        var shown = command is RootCommand ? command.Children.Where(child => child is not Option { Recursive: true, Name: not "--help" }) : command.Children;
        Assert.All(shown, child => Assert.Contains(child.Name, help.Output, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void An_option_without_its_value_is_a_fault(string path)
    {
        var command = All(Root).Single(command => CommandLine.PathOf(command) == path);
        // A switch may stand alone.
        var options = command.Options.Where(option => option.Arity.MinimumNumberOfValues > 0 && SettingOptions.CompleteSwitches([option.Name]).SequenceEqual([option.Name]));
        Assert.All(options, option => Assert.NotEmpty(CommandLine.Parse(Root, [.. path.Split(' ')[1..], option.Name]).Errors));
    }

    [Fact]
    public async Task All_settings_have_a_help_of_their_own()
    {
        var help = await CommandRun.OfAsync("help", "settings");

        Assert.Equal((0, ""), (help.ExitCode, help.Error));
        Assert.All(VariableNames.All, name =>
        {
            Assert.Contains($"{SettingSources.OptionOf(name)} ", help.Output, StringComparison.Ordinal);
            Assert.Contains(name, help.Output, StringComparison.Ordinal);
        });
        Assert.Contains("or 1h30m;", help.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("REGISTRY_GC_GRACE", (await CommandRun.OfAsync("--help")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 80)]
    [InlineData(60, 60)]
    [InlineData(20, 40)]
    [InlineData(95, 95)]
    [InlineData(250, 100)]
    public async Task Help_is_wrapped_to_the_terminal(int? columns, int most)
    {
        foreach (var topic in new[] { "", "settings", "gc", "access explain" })
        {
            var help = await CommandRun.OfAsync(
                new Dictionary<string, string>(), new Terminal { OutputColumns = columns is { } width ? () => width : null }, ["help", .. topic.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

            // Examples and words that are longer are not broken.
            var lines = help.Output.Split('\n').Where(line => !line.TrimStart().StartsWith("registry ", StringComparison.Ordinal) && line.TrimStart().Contains(' ', StringComparison.Ordinal)).ToList();
            Assert.All(lines.Where(line => !line.StartsWith("Usage:", StringComparison.Ordinal) && !line.StartsWith("  --", StringComparison.Ordinal)), line => Assert.True(line.Length <= most, line));
            Assert.Contains(lines, line => line.Length > most - 20);
        }
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
    [InlineData("dance", "there is no command 'dance'. See 'registry --help'.")]
    [InlineData("servr", "there is no command 'servr'; did you mean 'serve'? See 'registry --help'.")]
    [InlineData("user ad x", "there is no command 'user ad'; did you mean 'add'? See 'registry user --help'.")]
    [InlineData("user", "'registry user' needs one of add, remove, list. See 'registry user --help'.")]
    [InlineData("--stroage-path=x", "there is no option '--stroage-path'; did you mean '--storage-path'? See 'registry --help'.")]
    [InlineData("gc --dryrun", "there is no option '--dryrun'; did you mean '--dry-run'? See 'registry gc --help'.")]
    [InlineData("gc now", "'now' is an extra argument for 'registry gc'. See 'registry gc --help'.")]
    [InlineData("gc --force --dry-run", "--dry-run, --force and --explain cannot be combined. See 'registry gc --help'.")]
    [InlineData("gc --delete", "--older-than and --delete need --untagged. See 'registry gc --help'.")]
    [InlineData("gc --older-than 30d", "--older-than and --delete need --untagged. See 'registry gc --help'.")]
    [InlineData("gc --untagged --older-than soon", "'soon' is not a time; write it like 30d, 12h or 1h30m. See 'registry gc --help'.")]
    [InlineData("gc --untagged --dry-run", "--untagged cannot be combined with --dry-run or --explain; without --delete it only lists. See 'registry gc --help'.")]
    [InlineData("gc --explain 12", "'12' is not a digest; write it like sha256:e3b0c442…, with all 64 digits. See 'registry gc --help'.")]
    [InlineData("help servr", "there is no command 'servr'; did you mean 'serve'? See 'registry help'.")]
    [InlineData("help user dance", "there is no command 'user dance'. See 'registry help'.")]
    [InlineData("user add", "required argument 'NAME' missing for command: 'add'. See 'registry user add --help'.")]
    [InlineData("completion csh", "'csh' is not a supported shell; allowed: bash, zsh, fish. See 'registry completion --help'.")]
    [InlineData("config --port", "required argument missing for option: '--port'. See 'registry config --help'.")]
    [InlineData("@file", "there is no command '@file'. See 'registry --help'.")]
    public async Task Wrong_usage_is_one_line_that_says_what_is_right(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandRun.OfAsync(arguments.Split(' ')));

    [Theory]
    [InlineData("registry ver", "verify,version")]
    [InlineData("registry user ", "add,list,remove")]
    [InlineData("registry gc --dr", "--dry-run")]
    [InlineData("registry serve --log-level ", "debug,error,info,warn")]
    [InlineData("registry serve --readonly ", "false,true")]
    [InlineData("registry --storage-p", "--storage-path")]
    [InlineData("registry completion ", "bash,fish,zsh")]
    [InlineData("registry access explain alice ", "delete,pull,push")]
    [InlineData("registry help set", "settings")]
    [InlineData("registry gc ", "")]
    public async Task Words_are_completed(string line, string expected) =>
        Assert.Equal(expected.Split(',', StringSplitOptions.RemoveEmptyEntries), (await CompleteAsync(line)).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Commands_are_offered_first_and_options_after_a_hyphen_with_those_of_the_command_before_the_settings()
    {
        var commands = await CompleteAsync("registry ");
        Assert.Contains("backup", commands);
        Assert.All(commands, word => Assert.NotEqual('-', word[0]));

        var options = await CompleteAsync("registry gc -");
        Assert.All(options, word => Assert.Equal('-', word[0]));
        Assert.True(options.IndexOf("--dry-run") < options.IndexOf("--port"), string.Join(' ', options));
    }

    [Theory]
    [InlineData("--version", "0.1.0\n")]
    [InlineData("-v", "0.1.0\n")]
    [InlineData("version", "0.1.0\n")]
    [InlineData("version --json", "{\n  \"version\": \"0.1.0\"\n}\n")]
    public async Task The_version_is_printed(string arguments, string output) =>
        Assert.Equal(new CommandRun(0, output, ""), await CommandRun.OfAsync(arguments.Split(' ')));

    private static async Task<List<string>> CompleteAsync(string line)
    {
        var completed = await CommandRun.OfAsync($"[suggest:{line.Length}]", line);
        Assert.Equal((0, ""), (completed.ExitCode, completed.Error));
        return [.. completed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);
}

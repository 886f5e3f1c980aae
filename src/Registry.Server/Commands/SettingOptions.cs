using System.CommandLine;
using System.CommandLine.Completions;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>Options of the settings, named after their environment variables. Every command accepts them.</summary>
internal sealed class SettingOptions
{
    private readonly Dictionary<string, Option<string>> _options = VariableNames.All.ToDictionary(name => name, Create);
    private readonly Lazy<IReadOnlyDictionary<string, SettingDescription>> _descriptions =
        new(() => OptionsReader.Read(new Dictionary<string, string>()).Descriptions);

    /// <summary>Adds the options to a command and its subcommands.</summary>
    public void AddTo(RootCommand root)
    {
        foreach (var (variable, option) in _options)
        {
            option.CompletionSources.Add(_ => Words(variable));
            root.Add(option);
        }
    }

    /// <summary>
    /// Adds the value to the option of a switch that has none: <c>--readonly</c> becomes <c>--readonly=true</c>. The next word is taken as its
    /// value only when it is a word for on or off; otherwise it is an argument or a command.
    /// </summary>
    public static IReadOnlyList<string> CompleteSwitches(IReadOnlyList<string> arguments)
    {
        // Words after -- are not options.
        var end = arguments.TakeWhile(word => word != "--").Count();
        return [.. arguments.Select((word, i) => i < end && VariableNames.Switches.Any(name => SettingSources.OptionOf(name) == word)
            && (i + 1 >= end || !SettingKinds.Switch.TryParse(arguments[i + 1], out _)) ? $"{word}=true" : word)];
    }

    /// <summary>True when an option belongs to a setting.</summary>
    public bool Contains(Option option) => option is Option<string> setting && _options.ContainsValue(setting);

    /// <summary>True when a word is the option of a setting.</summary>
    public bool IsOption(string word) => _options.Values.Any(option => option.Name == word);

    /// <summary>Given options, by variable.</summary>
    public IReadOnlyDictionary<string, string> Read(ParseResult parsed) => _options
        .Where(setting => parsed.GetResult(setting.Value) is { Implicit: false })
        .ToDictionary(setting => setting.Key, setting => parsed.GetValue(setting.Value) ?? string.Empty);

    /// <summary>Help of a setting: its option, and its variable with the allowed values and the default.</summary>
    public IEnumerable<(string Option, string Text)> Describe() => _options.Select(setting =>
    {
        var description = _descriptions.Value.GetValueOrDefault(setting.Key);
        var allowed = description?.Allowed is { } words ? $": {words}" : string.Empty;
        var byDefault = description?.Default is { } value ? $". Default: {value}" : string.Empty;
        return ($"{setting.Value.Name} {setting.Value.HelpName}", $"{setting.Key}{allowed}{byDefault}");
    });

    private static Option<string> Create(string variable) => new(SettingSources.OptionOf(variable)) { Recursive = true, HelpName = "VALUE", Description = variable };

    private IEnumerable<CompletionItem> Words(string variable) =>
        _descriptions.Value.GetValueOrDefault(variable)?.Words.Select(word => new CompletionItem(word)) ?? [];
}

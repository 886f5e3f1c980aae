using System.CommandLine;
using System.CommandLine.Completions;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>An option for every setting, made from the name of its environment variable. Every command takes them.</summary>
internal sealed class SettingOptions
{
    private readonly Dictionary<string, Option<string>> _options = VariableNames.All.ToDictionary(name => name, Create);
    private readonly Lazy<IReadOnlyDictionary<string, SettingDescription>> _descriptions =
        new(() => OptionsReader.Read(new Dictionary<string, string>()).Descriptions);

    /// <summary>Makes the options known to a command and all below it.</summary>
    public void AddTo(RootCommand root)
    {
        foreach (var (variable, option) in _options)
        {
            option.CompletionSources.Add(_ => Words(variable));
            root.Add(option);
        }
    }

    /// <summary>
    /// Gives the option of a switch that stands alone its value, <c>--readonly</c> for <c>--readonly=true</c>: what follows it is an argument or
    /// a command, unless it is a word that a switch may have.
    /// </summary>
    public static IReadOnlyList<string> CompleteSwitches(IReadOnlyList<string> arguments)
    {
        // What follows -- is no option.
        var end = arguments.TakeWhile(word => word != "--").Count();
        return [.. arguments.Select((word, i) => i < end && VariableNames.Switches.Any(name => SettingSources.OptionOf(name) == word)
            && (i + 1 >= end || !SettingKinds.Switch.TryParse(arguments[i + 1], out _)) ? $"{word}=true" : word)];
    }

    /// <summary>Whether an option is that of a setting.</summary>
    public bool Contains(Option option) => option is Option<string> setting && _options.ContainsValue(setting);

    /// <summary>Whether a word is the option of a setting.</summary>
    public bool IsOption(string word) => _options.Values.Any(option => option.Name == word);

    /// <summary>The options that were given, by variable.</summary>
    public IReadOnlyDictionary<string, string> Read(ParseResult parsed) => _options
        .Where(setting => parsed.GetResult(setting.Value) is { Implicit: false })
        .ToDictionary(setting => setting.Key, setting => parsed.GetValue(setting.Value) ?? string.Empty);

    /// <summary>What the help says: the option, and its variable with what is allowed and the default.</summary>
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

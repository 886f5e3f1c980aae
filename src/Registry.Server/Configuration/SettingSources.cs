namespace Registry.Server.Configuration;

/// <summary>
/// Sources of settings: options of the command line override environment variables, which override the file that REGISTRY_CONFIG names.
/// An empty value counts as unset.
/// </summary>
public sealed class SettingSources
{
    private readonly IReadOnlyDictionary<string, string> _options;
    private readonly SettingsFile? _file;

    /// <summary>Reads the file, if one is named.</summary>
    /// <param name="options">Given options, by the name of their environment variable.</param>
    /// <param name="environment">All environment variables.</param>
    public SettingSources(IReadOnlyDictionary<string, string> options, IReadOnlyDictionary<string, string> environment)
    {
        _options = options;
        Environment = environment;
        _file = Find(VariableNames.File) is { } file ? SettingsFile.Read(file.Text) : null;
    }

    /// <summary>All environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Path of the file; null without one.</summary>
    public string? FilePath => _file?.Path;

    /// <summary>Faults of the file.</summary>
    public IReadOnlyList<string> FileFaults => _file?.Faults ?? [];

    /// <summary>Name of the option for an environment variable: <c>--storage-path</c> for REGISTRY_STORAGE_PATH.</summary>
    public static string OptionOf(string variable) =>
        $"--{variable[VariableNames.Prefix.Length..].Replace('_', '-').ToLowerInvariant()}";

    /// <summary>Returns the effective value; null when the setting is not set.</summary>
    public SettingValue? Find(string name)
    {
        if (_options.TryGetValue(name, out var option) && option.Length > 0)
        {
            return new SettingValue(option, SettingOrigin.Option);
        }

        if (Environment.TryGetValue(name, out var variable) && variable.Length > 0 && !VariableNames.IsFromKubernetes(name, variable))
        {
            return new SettingValue(variable, SettingOrigin.Environment);
        }

        return _file is not null && _file.Values.TryGetValue(name, out var value) && value.Text.Length > 0 ? value : null;
    }

    /// <summary>Names the place of a faulty value, for messages.</summary>
    public string Describe(string name, SettingValue value) => value.Origin switch
    {
        SettingOrigin.Option => OptionOf(name),
        SettingOrigin.File => $"{FilePath} line {value.Line}: {name}",
        _ => name,
    };
}

namespace Registry.Server.Configuration;

/// <summary>What was read of options, environment and file.</summary>
/// <param name="Options">The settings; the defaults where a value is at fault.</param>
/// <param name="Faults">What keeps the registry from starting, one line each.</param>
/// <param name="Warnings">What the operator should know, one line each.</param>
public sealed record LoadedOptions(RegistryOptions Options, IReadOnlyList<string> Faults, IReadOnlyList<string> Warnings)
{
    /// <summary>Every setting with its value and who has set it, in the order of the documents.</summary>
    public IReadOnlyList<EffectiveSetting> Settings { get; init; } = [];

    /// <summary>What is known of a setting, by its name; those that may be any text and have no default are not there.</summary>
    internal IReadOnlyDictionary<string, SettingDescription> Descriptions { get; init; } = new Dictionary<string, SettingDescription>();
}

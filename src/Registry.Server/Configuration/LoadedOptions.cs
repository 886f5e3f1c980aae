namespace Registry.Server.Configuration;

/// <summary>Result of reading the settings from options, environment and file.</summary>
/// <param name="Options">The settings; a faulty value is replaced by the default.</param>
/// <param name="Faults">Faults that prevent the start, one line each.</param>
/// <param name="Warnings">Warnings for the operator, one line each.</param>
public sealed record LoadedOptions(RegistryOptions Options, IReadOnlyList<string> Faults, IReadOnlyList<string> Warnings)
{
    /// <summary>Every setting with its value and origin, in the order of the documents.</summary>
    public IReadOnlyList<EffectiveSetting> Settings { get; init; } = [];

    /// <summary>Descriptions of the settings, by name. Settings that accept any text and have no default have none.</summary>
    internal IReadOnlyDictionary<string, SettingDescription> Descriptions { get; init; } = new Dictionary<string, SettingDescription>();
}

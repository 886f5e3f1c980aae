namespace Registry.Server.Configuration;

/// <summary>Effective value of a setting.</summary>
/// <param name="Name">The environment variable.</param>
/// <param name="Value">Its printable text, in which secrets are masked. Null when it is not set and has no default.</param>
/// <param name="Origin">The source of the value.</param>
/// <param name="File">The file of the value; null for other sources.</param>
/// <param name="Line">The line of the file, from 1; null for other sources.</param>
public sealed record EffectiveSetting(string Name, string? Value, SettingOrigin Origin, string? File, int? Line)
{
    /// <summary>Describes the source of the value for people.</summary>
    public string DescribeOrigin() => Origin switch
    {
        SettingOrigin.Default => "default",
        SettingOrigin.Environment => "environment",
        SettingOrigin.Option => $"option {SettingSources.OptionOf(Name)}",
        SettingOrigin.File => $"{File} line {Line}",
        _ => throw new InvalidOperationException($"There is no origin {Origin}."),
    };
}

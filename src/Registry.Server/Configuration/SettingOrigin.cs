namespace Registry.Server.Configuration;

/// <summary>Source of the value of a setting.</summary>
public enum SettingOrigin
{
    /// <summary>The default.</summary>
    Default,

    /// <summary>The file that REGISTRY_CONFIG names.</summary>
    File,

    /// <summary>The environment variable.</summary>
    Environment,

    /// <summary>The option of the command line.</summary>
    Option,
}

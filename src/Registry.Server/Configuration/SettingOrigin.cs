namespace Registry.Server.Configuration;

/// <summary>Who has set a setting.</summary>
public enum SettingOrigin
{
    /// <summary>Nobody.</summary>
    Default,

    /// <summary>The file that REGISTRY_CONFIG names.</summary>
    File,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>An option of the command line.</summary>
    Option,
}

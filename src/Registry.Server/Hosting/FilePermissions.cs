using Microsoft.Extensions.Logging;
using Registry.Files;
using Registry.Server.Configuration;
using Registry.Storage.Files;

namespace Registry.Server.Hosting;

/// <summary>Warns at the start about secret files that every user of the machine can read, and files that every user can change.</summary>
internal static partial class FilePermissions
{
    /// <summary>Checks the data folder, if there is one, and every file that a setting names.</summary>
    public static void Check(RegistryOptions options, DataPaths? paths, ILogger logger)
    {
        if (paths is not null && FilePrivacy.ConcernOfFolder(paths.Root, "registry.db", "blobs", "repositories") is { } concern)
        {
            LogOpen(logger, "REGISTRY_STORAGE_PATH", paths.Root, concern, $"chmod -R o-rwx {paths.Root}");
        }

        // Other users must not change even the public files: these decide about access.
        (string Setting, string? Path, bool IsSecret)[] files =
        [
            ("REGISTRY_TLS_KEY", options.TlsKey, true),
            ("REGISTRY_AUTH_HTPASSWD", options.HtpasswdPath, true),
            ("REGISTRY_TLS_CERT", options.TlsCert, false),
            ("REGISTRY_TLS_CLIENT_CA", options.TlsClientCa, false),
            ("REGISTRY_AUTH_TOKEN_PUBLICKEY", options.TokenPublicKeyPath, false),
            ("REGISTRY_ACCESS_CONTROL_CONFIG", options.AccessControlPath, false),
            (PolicyFile.Setting, options.PolicyConfig, false),
            ("REGISTRY_EVENTS_CONFIG", options.EventsConfig, true),
            ("REGISTRY_MIRROR_CONFIG", options.MirrorConfig, false),
        ];
        foreach (var (setting, path, isSecret) in files)
        {
            if (path is not null && FilePrivacy.ConcernOfFile(path, isSecret) is { } fault)
            {
                LogOpen(logger, setting, path, fault, $"chmod {(isSecret ? "o-rwx" : "o-w")} {path}");
            }
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Setting} {Path} {Concern}; to fix it, run: {Remedy}")]
    private static partial void LogOpen(ILogger logger, string setting, string path, string concern, string remedy);
}

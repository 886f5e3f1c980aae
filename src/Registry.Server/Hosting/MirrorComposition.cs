using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Configuration;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Files;
using Registry.Files.Watching;
using Registry.Mirror;
using Registry.Mirror.Configuration;
using Registry.Server.Configuration;
using Registry.Server.Pipeline;

namespace Registry.Server.Hosting;

/// <summary>Composition of the mirror.</summary>
internal sealed class MirrorComposition : IAsyncDisposable
{
    private const string Setting = "REGISTRY_MIRROR_CONFIG";

    private readonly WatchedFile<MirrorNames>? _names;

    private MirrorComposition(WatchedFile<MirrorNames>? names)
    {
        _names = names;
        Mapping = names is null ? null : new MirrorMapping(() => names.Value);
    }

    /// <summary>Mapping of the names in requests; null without a mirror.</summary>
    public MirrorMapping? Mapping { get; }

    /// <summary>Files that can be reloaded, with the names of their settings.</summary>
    public IEnumerable<(string Setting, IReloadable File)> Files => _names is null ? [] : [(Setting, _names)];

    /// <summary>Reads the file of the mirror.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="metadata">What is known of the mirrored repositories.</param>
    /// <param name="time">Clock of the checks of the file.</param>
    /// <param name="loggers">Logs.</param>
    /// <exception cref="StartupException">It cannot be used.</exception>
    public static MirrorComposition Open(RegistryOptions options, IMirrorMetadata metadata, TimeProvider time, ILoggerFactory loggers)
    {
        var ownHost = options.ExternalUrl is { } url ? new Uri(url).Authority : null;
        return new MirrorComposition(WatchedSetting.Open(
            Setting, options.MirrorConfig, Parse, time, loggers.CreateLogger<MirrorComposition>(), names => names.Configuration.Files));

        MirrorNames Parse(byte[] content)
        {
            var configuration = MirrorConfigurationReader.Read(content, OperatorFile.FolderOf(options.MirrorConfig!));
            Check(configuration, metadata);
            return new MirrorNames(configuration, ownHost);
        }
    }

    /// <summary>Composes the pulls, on the core that has been composed meanwhile.</summary>
    /// <returns>The pulls; null without a mirror.</returns>
    public MirrorPulls? Begin(RegistryCore core, StoragePorts ports, RegistryOptions options, TimeProvider time, ILoggerFactory loggers) => Pulls = _names is not { } names
        ? null
        : MirrorPulls.Create(
            core, ports, () => names.Value, ProductVersion.Text, options.ManifestMaxSize, options.ManifestMaxDescriptors, time, loggers);

    /// <summary>Pulls from mirrored repositories; null without a mirror, and before they begin.</summary>
    public MirrorPulls? Pulls { get; private set; }

    public ValueTask DisposeAsync() => _names?.DisposeAsync() ?? ValueTask.CompletedTask;

    // The file is read at the start, or by the task that watches it: no client waits for either.
    private static void Check(MirrorConfiguration configuration, IMirrorMetadata metadata)
    {
        foreach (var upstream in configuration.Upstreams)
        {
            if (metadata.FindOtherAsync(RepositoryRange.StartingWith($"{upstream.Prefix}/"), upstream.Name).GetAwaiter().GetResult() is { } other)
            {
                throw ConfigurationJson.Fault(
                    upstream.PrefixLine,
                    $"the prefix \"{upstream.Prefix}\" has repositories of its own, such as {other}; choose another prefix, or rename or delete them before");
            }
        }
    }
}

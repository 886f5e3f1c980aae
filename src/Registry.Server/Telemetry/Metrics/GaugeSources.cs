using Registry.Core;
using Registry.Events;
using Registry.Mirror;
using Registry.Server.Memory;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;
using Registry.Storage;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Parts of a running registry whose state <see cref="RegistryGauges"/> reads.</summary>
internal sealed record GaugeSources
{
    public required RegistryStorage Storage { get; init; }

    public required RegistryCore Core { get; init; }

    /// <summary>Pulls from mirrored repositories; null without a mirror.</summary>
    public required MirrorPulls? Mirror { get; init; }

    /// <summary>Sends the events; null without endpoints.</summary>
    public required EventDispatch? Events { get; init; }

    public required RequestMemory Memory { get; init; }

    public required BlockPool Buffers { get; init; }

    public required ConnectionLimit Connections { get; init; }

    /// <summary>True while pushes and deletes are refused.</summary>
    public required Func<bool> IsReadOnly { get; init; }

    /// <summary>End of the last cycle of the garbage collector, as Unix time in seconds; 0 before the first.</summary>
    public required Func<long> LastCollection { get; init; }

    /// <summary>True if this process took the turn of the garbage collector when it last could.</summary>
    public required Func<bool> HasCollectionTurn { get; init; }

    /// <summary>Number of passwords checked with bcrypt.</summary>
    public required Func<long> PasswordChecks { get; init; }

    /// <summary>Expiry of the certificate; null without TLS.</summary>
    public required Func<DateTimeOffset?> CertificateExpires { get; init; }
}

using Registry.Torture.Attacks.Connections;
using Registry.Torture.Attacks.Requests;
using Registry.Torture.Attacks.Streams;

namespace Registry.Torture.Attacks;

/// <summary>Lists the attacks.</summary>
internal static class Arsenal
{
    /// <summary>One of each.</summary>
    public static IReadOnlyList<IAttack> All =>
    [
        new LargeReferrers(), new ClosedWindows(), new SlowReaders(), new UnfinishedBodies(), new StalledUploads(), new SessionFlood(), new SparseIndexes(),
        new UnknownLogins(), new PipelinedResets(), new Http2Floods(), new OddTargets(), new HalfClosers(), new SlowRecords(), new IdleConnections(),
        new StalledHandshakes(), new HandshakeFlood(), new WaitingStreams(), new WaitingUploads(), new LargeHeads(),
    ];

    /// <summary>Attacks that a registry can be exposed to.</summary>
    public static IEnumerable<IAttack> Against(bool isTls) => All.Where(attack => isTls || !attack.NeedsTls);
}

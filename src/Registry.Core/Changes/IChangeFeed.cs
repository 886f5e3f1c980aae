using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Changes;

/// <summary>
/// The changes of all repositories, in order. A change is recorded in the transaction that makes it. A consumer reads on from its position, and moves the
/// position when the effect of the changes is durable: after a crash it meets some of them again, so it must be able to repeat them.
/// </summary>
/// <remarks>
/// <para>A consumer may rely on these, whether one process changes the metadata or several at the same time:</para>
/// <list type="bullet">
/// <item>
/// The feed is complete up to each position that it has returned. A change that becomes readable later has a greater position, so reading on misses none.
/// </item>
/// <item>
/// The changes of one mutation become readable together, once it is committed, and in the order in which it made them. Those of others may lie between them,
/// and a limit may divide them.
/// </item>
/// <item>
/// A mutation that began after another one was answered comes after it. So does one that decided on a record which the other one had changed: the changes of a
/// tag, manifest or link are in the order in which they took effect. A rename comes after the earlier changes of both names, and before the later ones.
/// </item>
/// </list>
/// <para>
/// It may not rely on more. Mutations that ran at the same time, and decide on nothing in common, come in any order: positions are no times of commits. A
/// mutation may be answered before its changes are readable; an engine with a single writer has them at once, one with several within a fraction of a second
/// while a process runs. Positions have gaps.
/// </para>
/// <para>
/// Changes of tags and manifests, and renames, are kept for <see cref="Retention"/>; beyond <see cref="MaxChanges"/>, the oldest that all consumers have passed go earlier.
/// The change that set a tag is kept until the next change of the tag goes. Changes of blobs, <see cref="ChangeKind.TagForgotten"/>, a tag that is set to what
/// it is, and the changes of a restore are kept until all consumers have passed them. A consumer that does not move on for <see cref="Retention"/> loses
/// changes. Acknowledging removes what need not be kept, also when the position stands still.
/// </para>
/// Every member throws <see cref="StorageException"/> when the storage fails.
/// </remarks>
public interface IChangeFeed
{
    /// <summary>Time for which changes of tags and manifests are kept, by the <see cref="IGraceClock"/>.</summary>
    static readonly TimeSpan Retention = TimeSpan.FromDays(400);

    /// <summary>Greatest number of changes of tags and manifests, without one for each tag: half a million pushes with a tag, about 0.4 GB.</summary>
    const long MaxChanges = 1_000_000;

    /// <summary>
    /// Called after changes have become readable, of this or of another process, once for all that did so together, and on a thread of the engine: it must return
    /// at once. It may come later than the answer of the mutation. A consumer reads once before it waits for the first call.
    /// </summary>
    event Action? Recorded;

    /// <summary>
    /// Number of 48 bits that is another one after a restore from a backup: positions after that of the backup are then used again, for other changes. So only an epoch and a
    /// position name a change for ever.
    /// </summary>
    Task<long> FindEpochAsync();

    /// <summary>Begins another epoch, in metadata that were restored.</summary>
    Task BeginEpochAsync();

    /// <summary>Position of a consumer: the last change whose effect is durable; 0 at first.</summary>
    /// <param name="consumer">One of <see cref="ChangeConsumers"/>.</param>
    Task<long> FindPositionAsync(string consumer);

    /// <summary>Position of the last change that is readable; 0 if there is none.</summary>
    Task<long> FindEndAsync();

    /// <summary>Reads the changes after a position, in order.</summary>
    Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit);

    /// <summary>Reads the changes of some repositories after a position and up to another one, in order. Fewer than the limit are the last ones.</summary>
    Task<IReadOnlyList<RegistryChange>> ReadAsync(IReadOnlyCollection<RepositoryName> repositories, long after, long upTo, int limit);

    /// <summary>Reads the repositories that a consumer holds back, each with the last change whose effect is durable.</summary>
    Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer);

    /// <summary>
    /// Moves a consumer to a position; the first call makes it known. Survives the end of the process, but a power cut only if it is durable: else the position may be an
    /// earlier one afterwards.
    /// </summary>
    /// <param name="consumer">One of <see cref="ChangeConsumers"/>.</param>
    /// <param name="position">Last change whose effect is durable, except in the repositories that are held back.</param>
    /// <param name="held">
    /// All repositories that the consumer holds back, each with the last change whose effect is durable; null for none. Their later changes stay as if they
    /// had not been passed.
    /// </param>
    /// <param name="isDurable">True if the position must survive a power cut.</param>
    Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null, bool isDurable = false);

    /// <summary>
    /// Last change up to which changes may be gone that a consumer had not passed; 0 if there are none. A consumer with an earlier position, also of a
    /// repository that it holds back, cannot learn from the feed what it has missed.
    /// </summary>
    Task<long> FindLostAsync();

    /// <summary>Removes what need not be kept, while no consumer moves on.</summary>
    Task TrimAsync();
}

using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> is asked for.</summary>
/// <param name="IsDryRun">Only to say what would be removed.</param>
/// <param name="IsForced">To remove it although it is too much to be believed, or a process was killed.</param>
/// <param name="Explained">Only to say why this blob is there.</param>
/// <param name="IsJson">To print JSON.</param>
internal sealed record GcRequest(bool IsDryRun = false, bool IsForced = false, Digest? Explained = null, bool IsJson = false);

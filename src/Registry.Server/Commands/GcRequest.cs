using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> is asked for.</summary>
/// <param name="IsDryRun">Only to say what would be removed.</param>
/// <param name="IsForced">To remove it although it is implausibly much, or a process was killed.</param>
/// <param name="Explained">Only to say why this blob or manifest is there.</param>
/// <param name="Untagged">To list or delete untagged manifests instead of collecting; null to collect.</param>
/// <param name="IsJson">To print JSON.</param>
internal sealed record GcRequest(
    bool IsDryRun = false, bool IsForced = false, Digest? Explained = null, GcRequest.UntaggedManifests? Untagged = null, bool IsJson = false)
{
    /// <param name="OlderThan">Only manifests that were pushed at least so long ago; zero for all.</param>
    /// <param name="IsDeletion">Whether to delete them.</param>
    internal sealed record UntaggedManifests(TimeSpan OlderThan = default, bool IsDeletion = false);
}

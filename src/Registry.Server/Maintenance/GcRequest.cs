using Registry.Core.Configuration;
using Registry.Core.Oci;

namespace Registry.Server.Maintenance;

/// <summary>What <c>registry gc</c> is asked for.</summary>
/// <param name="IsDryRun">True to list what would be removed, and change nothing.</param>
/// <param name="IsForced">True to remove even more than half of the content, and even while the collection is paused.</param>
/// <param name="Explained">The blob or manifest to explain; null for none.</param>
/// <param name="Untagged">The untagged manifests to list or delete; null to collect.</param>
/// <param name="IsJson">True to print the result as JSON.</param>
internal sealed record GcRequest(
    bool IsDryRun = false, bool IsForced = false, Digest? Explained = null, GcRequest.UntaggedManifests? Untagged = null, bool IsJson = false)
{
    /// <summary>True if the request only reports, and changes nothing.</summary>
    public bool IsReport => IsDryRun || Explained is not null || Untagged is { IsDeletion: false };

    /// <summary>The particulars, as in the query of the route.</summary>
    public IReadOnlyDictionary<string, string> Parameters
    {
        get
        {
            var parameters = WorkParameters.Of(("dryRun", IsDryRun), ("force", IsForced), ("untagged", Untagged is not null), ("delete", Untagged is { IsDeletion: true }));
            if (Untagged is { OlderThan: var age } && age > TimeSpan.Zero)
            {
                parameters.Add("olderThan", Duration.Write(age));
            }

            return parameters;
        }
    }

    /// <param name="OlderThan">Least age of the manifests, since their push; zero for all.</param>
    /// <param name="IsDeletion">True to delete them.</param>
    internal sealed record UntaggedManifests(TimeSpan OlderThan = default, bool IsDeletion = false);
}

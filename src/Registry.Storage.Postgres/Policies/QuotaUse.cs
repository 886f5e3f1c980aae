using Registry.Core.Metadata;
using Registry.Core.Policies.Rules;

namespace Registry.Storage.Postgres.Policies;

/// <summary>
/// Tells which pushes may share a quota with others at the same time. Such a push sees at most 90 % in use and adds at most a ten-thousandth, so even a thousand of them that do not
/// see each other stay within the quota. Any other has the quota for itself.
/// </summary>
internal static class QuotaUse
{
    private const long Parts = 10_000;

    /// <summary>True if a push may share a quota.</summary>
    public static bool IsFar(QuotaRule quota, long used, long asked) => asked <= quota.Bytes / Parts && used <= quota.Bytes / 10 * 9;

    /// <summary>True if a push may add so much that it needs the quotas for itself, as far as its manifest tells.</summary>
    public static bool MayBeLarge(IReadOnlyList<PolicyRule> quotas, ManifestPut put)
    {
        // Sizes are what the client says, so the sum is decided about again with those of the content.
        var most = put.Manifest.References.Aggregate(put.Size, (sum, reference) => sum + Math.Min(reference.Size, long.MaxValue - sum));
        return quotas.Any(rule => most > rule.Quota!.Bytes / Parts);
    }
}

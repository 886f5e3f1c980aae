using Registry.Core.Oci;

namespace Registry.Mirror.Configuration;

/// <summary>A repository that is mirrored.</summary>
/// <param name="Upstream">The upstream.</param>
/// <param name="Local">Its name here, which begins with the prefix of the upstream.</param>
public readonly record struct MirroredName(UpstreamSettings Upstream, RepositoryName Local)
{
    /// <summary>Its name at the upstream. Costs an allocation.</summary>
    public RepositoryName Name => RepositoryName.Parse(Local.Value[(Upstream.Prefix.Length + 1)..]);

    /// <summary>False if <see cref="UpstreamSettings.Repositories"/> leaves it out: it is not asked for, though what is stored of it is served.</summary>
    public bool IsIncluded
    {
        get
        {
            if (Upstream.Repositories.Count == 0)
            {
                return true;
            }

            var name = Name;
            return Upstream.Repositories.Any(pattern => pattern.Matches(name));
        }
    }
}

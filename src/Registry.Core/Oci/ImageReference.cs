using System.Diagnostics.CodeAnalysis;

namespace Registry.Core.Oci;

/// <summary>A repository, optionally with a tag or digest: <c>team/app:1.0</c>, <c>team/app@sha256:…</c>, <c>team/app</c>.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Reference">The tag or digest; null for the repository alone.</param>
public sealed record ImageReference(RepositoryName Repository, Reference? Reference)
{
    /// <summary>Parses a reference without a host; false for any other text.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ImageReference? image)
    {
        ArgumentNullException.ThrowIfNull(text);
        image = null;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            // A tag before a digest is ignored.
            var (named, _) = SplitTag(text[..at]);
            if (RepositoryName.TryParse(named, out var pinned) && Digest.TryParse(text[(at + 1)..], out var digest))
            {
                image = new ImageReference(pinned, digest);
            }

            return image is not null;
        }

        var (name, tagText) = SplitTag(text);
        if (!RepositoryName.TryParse(name, out var repository))
        {
            return false;
        }

        if (tagText is null)
        {
            image = new ImageReference(repository, null);
        }
        else if (Tag.TryParse(tagText, out var tag))
        {
            image = new ImageReference(repository, tag);
        }

        return image is not null;
    }

    /// <summary>Parses a reference with a host in front, as clients write it (<c>docker.io/library/busybox:latest</c>); the host is dropped.</summary>
    public static bool TryParseWithHost(string text, [NotNullWhen(true)] out ImageReference? image)
    {
        ArgumentNullException.ThrowIfNull(text);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? string.Empty : text[..slash];

        // All clients distinguish a host from a part of the name in this way.
        var isHost = first == "localhost" || first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal);
        return TryParse(isHost ? text[(slash + 1)..] : text, out image);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Reference is { } reference ? $"{Repository}{(reference.Tag is null ? '@' : ':')}{reference}" : Repository.Value;

    private static (string Name, string? Tag) SplitTag(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > text.LastIndexOf('/') ? (text[..colon], text[(colon + 1)..]) : (text, null);
    }
}

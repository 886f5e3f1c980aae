using Registry.Core.Oci;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Section of the page of a manifest with the commands that pull it.</summary>
internal static class CommandSection
{
    /// <summary>Writes the commands: by the tag or digest of the page, and by the digest of the manifest.</summary>
    /// <param name="html">The page.</param>
    /// <param name="address">Address of the registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="reference">Reference of the page.</param>
    /// <param name="digest">The manifest that the page shows: the one of the reference, or that of a platform.</param>
    /// <param name="platform">The platform that was chosen; null for none.</param>
    public static void Write(HtmlWriter html, ClientAddress address, RepositoryName repository, Reference reference, Digest digest, string? platform)
    {
        html.Write($"<h2>Pull</h2>\n");
        var byDigest = $"{address.Host}/{repository}@{digest}";
        if (reference.Tag is null && platform is null)
        {
            WriteLines(html, address, byDigest, platform: null);
            return;
        }

        WriteLines(html, address, $"{address.Host}/{repository}{(reference.Tag is null ? '@' : ':')}{reference}", platform);
        html.Write($"<details><summary>By digest, which never changes</summary>");
        WriteLines(html, address, byDigest, platform: null);
        html.Write($"</details>\n");
    }

    // docker has no option for a registry without TLS; docs/user-guide.md tells what it needs.
    private static void WriteLines(HtmlWriter html, ClientAddress address, string image, string? platform)
    {
        var option = platform is null ? string.Empty : $"--platform {platform} ";
        html.Write(
            $"""
            <ul class="lines">
            <li><span class="label">docker</span>{new CommandPart($"docker pull {option}{image}", "the command for docker")}</li>
            <li><span class="label">podman</span>{new CommandPart($"podman pull {(address.IsSecure ? "" : "--tls-verify=false ")}{option}{image}", "the command for podman")}</li>
            <li><span class="label">containerd</span>{new CommandPart($"ctr images pull {(address.IsSecure ? "" : "--plain-http ")}{option}{image}", "the command for ctr")}</li>
            <li><span class="label">crane</span>{new CommandPart($"crane pull {(address.IsSecure ? "" : "--insecure ")}{option}{image} image.tar", "the command for crane")}</li>
            </ul>

            """);
    }
}

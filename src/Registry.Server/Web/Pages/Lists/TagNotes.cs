using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>What else there is to say about a tag in a list: that a rule makes it immutable, or to which image it belongs.</summary>
/// <param name="repository">The repository.</param>
/// <param name="tag">The tag.</param>
/// <param name="rules">The rules about repositories.</param>
internal readonly struct TagNotes(RepositoryName repository, Tag tag, PolicyRules rules) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        if (rules.FindImmutable(repository, tag) is { } rule)
        {
            html.Write($""" <span class="kind" title="{rule.ToString()}">immutable</span>""");
        }
        else if (AttachedTag.FindSubject(tag) is { } subject)
        {
            html.Write($"""<div class="quiet">attached to {new DigestPart(repository, subject)}</div>""");
        }
    }
}

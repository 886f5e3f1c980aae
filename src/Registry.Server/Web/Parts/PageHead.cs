namespace Registry.Server.Web.Parts;

/// <summary>What the frame of a page shows.</summary>
/// <param name="Title">Title of the page.</param>
/// <param name="Section">Section of the navigation.</param>
internal sealed record PageHead(string Title, Section Section);

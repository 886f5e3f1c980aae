namespace Registry.Server.Web.Html;

/// <summary>Markup that is written as it is. Only constants of the program become one; text of others never does.</summary>
/// <param name="Markup">The markup.</param>
internal readonly record struct RawHtml(string Markup);
